import * as Vc from './src/testing/vision.ts'
import { exported } from './src/testing/cases.ts'
const only = process.argv[2]
for (const c of Object.values(Vc).flat()) {
  if (only && !c.name.includes(only)) continue
  const t = performance.now()
  try { console.log('ok', c.name, await exported(c), Math.round(performance.now() - t), 'ms') }
  catch (e: any) { console.log('FAIL', c.name, (only ? e.stack : e.message).slice(0, only ? 3000 : 500)) }
}
