import * as Vc0 from "./src/testing/vision.ts"; import * as Sc from "./src/testing/sequences.ts"; const Vc: any = process.argv[3] === "s" ? Sc : process.argv[3] === "g" ? await import("./src/testing/graphs.ts") : process.argv[3] === "l" ? await import("./src/testing/layers.ts") : Vc0
import { exported } from './src/testing/cases.ts'
const only = process.argv[2] === "-" ? "" : process.argv[2]
for (const c of ((Vc.all ?? Object.values(Vc).flat()) as any[])) {
  if (only && !c.name.includes(only)) continue
  const t = performance.now()
  try { console.log('ok', c.name, await exported(c), Math.round(performance.now() - t), 'ms') }
  catch (e: any) { console.log('FAIL', c.name, (only ? e.stack : e.message).slice(0, only ? 3000 : 500)) }
}
