"""Parts of polylines, compiled."""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled


@compiled
def cut_lines(xy, offsets, line, start, stop):
    """Cut parts out of polylines.

    ``xy`` (k, 2), ``offsets`` (m+1,): the lines; ``line`` (p,) which one, ``start`` and
    ``stop`` (p,) fractions of its length; where ``start`` > ``stop`` the part runs
    backwards. Returns ``points`` (q, 2) and ``ends`` (p+1,) int64.
    """
    ends = np.zeros(line.size + 1, np.int64)
    room = 2 * line.size
    for i in range(line.size):
        room += offsets[line[i] + 1] - offsets[line[i]]
    points = np.empty((room, 2))
    filled = 0
    for i in range(line.size):
        first, last = offsets[line[i]], offsets[line[i] + 1] - 1
        whole = 0.0
        for v in range(first, last):
            whole += np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        low, high = min(start[i], stop[i]) * whole, max(start[i], stop[i]) * whole
        begin, walked = filled, 0.0
        for v in range(first, last):
            step = np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
            ahead = walked + step
            if filled == begin and (ahead >= low or v == last - 1):
                t = min(1.0, max(0.0, (low - walked) / step)) if step > 0.0 else 0.0
                points[filled, 0] = xy[v, 0] + t * (xy[v + 1, 0] - xy[v, 0])
                points[filled, 1] = xy[v, 1] + t * (xy[v + 1, 1] - xy[v, 1])
                filled += 1
            if filled > begin:
                t = min(1.0, max(0.0, (high - walked) / step)) if step > 0.0 else 1.0
                points[filled, 0] = xy[v, 0] + t * (xy[v + 1, 0] - xy[v, 0])
                points[filled, 1] = xy[v, 1] + t * (xy[v + 1, 1] - xy[v, 1])
                filled += 1
                if ahead >= high:
                    break
            walked = ahead
        if start[i] > stop[i]:
            for near in range((filled - begin) // 2):
                a, b = begin + near, filled - 1 - near
                for axis in range(2):
                    points[a, axis], points[b, axis] = points[b, axis], points[a, axis]
        ends[i + 1] = filled
    return points[:filled], ends
