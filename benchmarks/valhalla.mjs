// Asks Valhalla for two-band pedestrian isochrones; reads {config, points, ask, rounds} as JSON on
// stdin, writes {cpu_ms, shapes} to stdout. cpu_ms: best of the rounds, per point,
// all threads of the process.
import { Actor } from '@valhallajs/valhallajs';
import { readFileSync } from 'node:fs';

const { config, points, ask, rounds } = JSON.parse(readFileSync(0, 'utf8'));
const actor = new Actor(JSON.stringify(config));

async function once() {
  const before = process.cpuUsage();
  const answers = [];
  for (const [lon, lat] of points) {
    const locations = [{ lon, lat }];
    answers.push(await actor.isochrone(JSON.stringify({ ...ask, locations })));
  }
  const used = process.cpuUsage(before);
  return { answers, ms: (used.user + used.system) / 1000 / points.length };
}

let answers = [];
let best = Infinity;
for (let round = 0; round <= rounds; round += 1) {
  const seen = await once();
  answers = seen.answers;
  if (round > 0 || rounds === 0) best = Math.min(best, seen.ms); // the first fills the caches
}
const shapes = answers.map((answer) => JSON.parse(answer).features);
process.stdout.write(JSON.stringify({ cpu_ms: best, shapes }));
