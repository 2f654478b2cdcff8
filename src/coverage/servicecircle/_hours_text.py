"""Chinese opening hours, word by word, to OpenStreetMap's syntax."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
WEEKDAYS, WEEKEND, EVERY_DAY = frozenset(DAYS[:5]), frozenset(DAYS[5:]), frozenset(DAYS)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SEASONS = {"夏": "Jun-Sep", "冬": "Oct-May"}  # the phrases name no months
NOON, DAY = 12, 24

_BRACKET = re.compile(r"[(（][^()（）]*[)）]")
_OSM = re.compile(
    r"24/7|\b(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b|^off$"
)
_ALWAYS = re.compile(r"24小时|24h(?:ours)?\b|全天候?|(?<!\d)0?0:00-24:00|昼夜")
AS_HOST = "as its host: put the host's hours here"
# Phrases that are understood as a whole → value, note
_WHOLE: tuple[tuple[re.Pattern[str], tuple[str | None, str]], ...] = (
    (
        re.compile(r"与?.{0,6}同步|同.{0,4}(?:营业|开放)时间|随店"),
        (None, AS_HOST),
    ),
    (re.compile(r"预约|不定时|不固定|视情况|弹性|另行通知"), (None, "by appointment or not fixed")),
    (re.compile(r"暂停开放|停用|暂停|已?关闭$|停业|撤销|off"), ("off", "")),
)

_NUMERAL = re.compile("[一二两三四五六七八九十]{1,3}(?=[点时](?!间))")
_HALF = r"(?:上午|早上|早晨|清晨|早|凌晨|下午|中午|午间|傍晚|晚上|晚间|晚|夜间|夜里|夜)"
_CLOCK = rf"(?:次日|翌日|第二天)?{_HALF}?\d{{1,2}}(?:[:点时](?:\d{{2}}|半|一刻|三刻)?分?)?"
_TOKENS = re.compile(
    "|".join(
        (
            r"(?P<months>\d{1,2}月?-\d{1,2}月份?|[夏冬][季天令]?)",
            rf"(?P<times>(?P<start>{_CLOCK}|零点|午夜)-(?P<end>{_CLOCK}|零点|午夜))",
            r"(?P<nth>每月(?:第([一二三四])个|最后一个)周[一二三四五六日])",
            r"(?P<days>周[一二三四五六日1-7](?:-(?:周[一二三四五六日1-7]|[一二三四五六日]|[1-7](?![\d:点时])))?)",
            r"(?P<more>(?<=[一二三四五六日])、?[一二三四五六日](?=[、\s,\d休闭]))",
            r"(?P<workdays>工作日|平时|平日)",
            r"(?P<weekend>周末|双休日?|休息日)",
            r"(?P<everyday>每天|每日|天天|全年无休|全年|365天|日常)",
            r"(?P<school>寒暑假|暑假|寒假)",
            r"(?P<holidays>(?:国家)?(?:法定)?节?假日|法定节日)",
            r"(?P<also>不休息?|照常开放|照常|正常开放|无休)",
            r"(?P<noon>午间)",
            r"(?P<siesta>午休)",
            r"(?P<closed>休息|休馆|闭馆|不开放|不营业|除外|以?外|关闭|关门|休)",
            r"(?P<except>除了?|逢)",
        )
    )
)
_NOISE = re.compile(
    r"[\s,;、。.:/和及与的为是从]|开放|营业|服务|时间|运营|全部|均|一直开?|各?站|上午|下午|晚上?|早上?|中午|点|时"
)


@dataclass
class _Rule:
    """Times on some days; no days means every day."""

    days: set[str] = field(default_factory=set)
    times: list[tuple[int, int]] = field(default_factory=list)
    months: str = ""
    prefix: str = ""  # days that are no set of weekdays, such as ``Fr[-1]``


@dataclass
class _Phrase:
    rules: list[_Rule] = field(default_factory=lambda: [_Rule()])
    closed: set[str] = field(default_factory=set)
    also: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    minus: bool = False
    unsure: bool = False
    noon: bool = False


def translate(text: str) -> tuple[str | None, str]:
    """Return a phrase in OpenStreetMap's syntax (None where unknown) and a note."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if _OSM.search(plain) and plain.isascii():
        return plain, ""
    plain = _even(plain)
    for pattern, answer in _WHOLE:
        if pattern.search(plain):
            return answer
    return _spelt_out(plain)


def _spelt_out(plain: str) -> tuple[str | None, str]:
    """Return what days and times say."""
    always = _ALWAYS.search(plain)
    if always:
        plain = _ALWAYS.sub(" 0:00-24:00 ", plain, count=1)
    phrase, rest = _parse(plain)
    rest = _NOISE.sub("", rest)
    if phrase.unsure or not any(rule.times for rule in phrase.rules):
        return None, "; ".join(phrase.notes)
    osm = _write(phrase)
    if always and osm == "Mo-Su 00:00-24:00":
        return "24/7", ""
    if rest and not always:
        phrase.notes.append(f"not read: {rest}")
    return osm, "; ".join(phrase.notes)


def _even(text: str) -> str:
    """Make the many ways to write days, dashes and breaks one."""
    plain = re.sub(r"星期|礼拜", "周", text.casefold())
    plain = plain.replace("周天", "周日").replace("一直开到", "到").replace("一直到", "到")
    plain = re.sub(r"\s*[-—–―─~～〜至到]+\s*", "-", plain).replace("：", ":")
    plain = re.sub(r"周日?一?-?周?末", "周末", plain) if "周末" in plain else plain
    plain = re.sub(r"全年无休", "每天", plain)
    plain = _NUMERAL.sub(lambda found: str(_numeral(found[0])), plain)
    plain = re.sub(r"[\r\n]+", ",", plain)
    bracketed = _BRACKET.findall(plain)
    siesta = [part for part in bracketed if "午休" in part]
    for part in siesta:
        plain = plain.replace(part, " ")
    return re.sub(r"[()（）]", ",", plain)


def _numeral(text: str) -> int:
    tens, _, ones = text.rpartition("十")
    digits = "〇一二三四五六七八九"
    unit = digits.find("二" if ones == "两" else ones) if ones else 0
    if "十" not in text:
        return unit
    return (digits.find(tens) if tens else 1) * 10 + unit


def _parse(plain: str) -> tuple[_Phrase, str]:
    """Walk over the words; return what they say and what none of them explains."""
    phrase, rest, at = _Phrase(), "", 0
    tokens = list(_TOKENS.finditer(plain))
    for place, token in enumerate(tokens):
        rest += plain[at : token.start()]
        at = token.end()
        following = tokens[place + 1].lastgroup if place + 1 < len(tokens) else ""
        kinds = {name for name, value in token.groupdict().items() if value is not None}
        _take(phrase, token, kinds, _kind(tokens, place + 1) or following or "")
    return phrase, rest + plain[at:]


_KINDS = (
    "months", "times", "nth", "days", "more", "workdays", "weekend", "everyday", "school",
    "holidays", "also", "noon", "siesta", "except", "closed",
)  # fmt: skip
_DAY_KINDS = {"days", "more", "workdays", "weekend", "everyday", "holidays"}


def _kind(tokens: list[re.Match[str]], place: int) -> str:
    if place >= len(tokens):
        return ""
    return next(kind for kind in _KINDS if tokens[place][kind] is not None)


def _take(phrase: _Phrase, token: re.Match[str], kinds: set[str], following: str) -> None:
    if "times" in kinds:
        _take_times(phrase, token)
    elif kinds & _DAY_KINDS:
        phrase.days |= _days_of(token, kinds)
        if following not in _DAY_KINDS:
            _settle_days(phrase, following)
    elif "months" in kinds or "nth" in kinds or "school" in kinds:
        prefix = _nth(token[0]) if "nth" in kinds else "SH" if "school" in kinds else ""
        months = _months(token[0]) if "months" in kinds else ""
        _new_rule(phrase).months, phrase.rules[-1].prefix = months, prefix
        if months and token[0][0] in SEASONS:
            phrase.notes.append(f"{token[0]} taken as {months}")
        if prefix == "SH":
            phrase.notes.append("no calendar of school holidays is known")
    elif "except" in kinds:
        phrase.minus = True
    elif "noon" in kinds:
        phrase.noon = True


def _settle_days(phrase: _Phrase, following: str) -> None:
    """Decide what days are for: closed, open too, of the times before, or of those to come."""
    days, phrase.days = phrase.days, set()
    if following == "closed" or phrase.minus:
        phrase.closed |= days
        phrase.minus = False
    elif following == "also":
        phrase.also |= days
    elif following in {"", "siesta", "except"} or not _more_times(following):
        for rule in [rule for rule in phrase.rules if not rule.days and rule.times][-1:]:
            rule.days |= days
        if not any(rule.times for rule in phrase.rules):
            phrase.rules[-1].days |= days
    else:
        _new_rule(phrase).days = days


def _more_times(following: str) -> bool:
    return following in {"times", "noon", "months"}


def _new_rule(phrase: _Phrase) -> _Rule:
    if phrase.rules[-1].times:
        phrase.rules.append(_Rule(months=phrase.rules[-1].months))
    return phrase.rules[-1]


def _take_times(phrase: _Phrase, token: re.Match[str]) -> None:
    start, end = _minutes(token["start"], None), _minutes(token["end"], token["start"])
    next_day = re.match("次日|翌日|第二天", token["end"])
    if "午间" in token["start"]:
        phrase.noon = True
    if end <= start and not next_day:
        if start < NOON * 60 and end:  # "9-8点": 20:00, or the next morning?
            phrase.unsure = True
            phrase.notes.append(f"{token[0]} is ambiguous: say 早, 晚 or 次日")
        end = end or DAY * 60
    phrase.rules[-1].times.append((start, end % (DAY * 60) if next_day else end))


def _minutes(clock: str, start: str | None) -> int:
    """Minutes after midnight of one end of a range; 下午 of its start goes for its end too."""
    if clock in {"零点", "午夜"}:
        return 0
    half = re.search(_HALF, clock) or (re.search(_HALF, start) if start else None)
    number = re.search(r"(\d{1,2})(?:[:点时](\d{2}|半|一刻|三刻)?)?", clock)
    hour = int(number[1]) if number else 0
    parts = {"半": 30, "一刻": 15, "三刻": 45, None: 0}
    said = number[2] if number else None
    minute = parts[said] if said in parts else int(said or 0)
    own = re.search(_HALF, clock)
    later = half is not None and half[0][0] in "下傍晚夜" and not re.match("次|翌|第", clock)
    if later and (own or hour < NOON) and hour < NOON:
        hour += NOON
    elif own and own[0][0] == "晚" and hour == NOON:
        hour = DAY
    elif half is not None and half[0] in {"中午", "午间"} and hour < 10:  # noqa: PLR2004
        hour += NOON
    return hour * 60 + minute


def _days_of(token: re.Match[str], kinds: set[str]) -> set[str]:
    if "holidays" in kinds:
        return {"PH"}
    if "workdays" in kinds:
        return set(WEEKDAYS)
    if "weekend" in kinds:
        return set(WEEKEND)
    if "everyday" in kinds:
        return set(EVERY_DAY)
    places = [
        ("一二三四五六日".find(s) if not s.isdigit() else int(s) - 1)
        for s in token[0]
        if s not in "周-、"
    ]
    if "-" in token[0]:
        first, last = places
        span = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
        return {DAYS[day] for day in span}
    return {DAYS[day] for day in places}


def _nth(text: str) -> str:
    day = DAYS["一二三四五六日".index(text[-1])]
    found = re.search("第([一二三四])个", text)
    return f"{day}[{'一二三四'.index(found[1]) + 1 if found else -1}]"


def _months(text: str) -> str:
    if text[0] in SEASONS:
        return SEASONS[text[0]]
    first, last = (int(number) for number in re.findall(r"\d+", text))
    return f"{MONTHS[(first - 1) % 12]}-{MONTHS[(last - 1) % 12]}"


def _write(phrase: _Phrase) -> str:
    """Write the rules in OpenStreetMap's order: days first."""
    rules = [rule for rule in phrase.rules if rule.times]
    if not any(rule.days or rule.months or rule.prefix for rule in rules):
        if phrase.noon:
            rules[0].days = set(WEEKDAYS)
            phrase.notes.append("午间 taken as weekdays")
        elif "PH" in phrase.closed and not phrase.also:
            rules[0].days = set(WEEKDAYS)
            phrase.notes.append("closed on holidays: weekends taken as closed too")
    parts = [_write_rule(rule, phrase) for rule in rules]
    if "PH" in phrase.closed:
        parts.append("PH off")
    return "; ".join(parts)


def _write_rule(rule: _Rule, phrase: _Phrase) -> str:
    times = ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in rule.times)
    wraps = any(end <= start for start, end in rule.times)
    days = (rule.days or set(EVERY_DAY)) | phrase.also
    days -= phrase.closed
    if not days:
        return "off"
    plain = days == EVERY_DAY and (rule.months or rule.prefix or wraps)
    head = [rule.months, rule.prefix, "" if plain else _write_days(days)]
    return " ".join([*(part for part in head if part), times])


def _write_days(days: set[str]) -> str:
    runs: list[list[str]] = []
    for place, day in enumerate(DAYS):
        if day not in days:
            continue
        if runs and DAYS[place - 1] == runs[-1][-1]:
            runs[-1].append(day)
        else:
            runs.append([day])
    written = [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ",".join([*written, *(["PH"] if "PH" in days else [])])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
