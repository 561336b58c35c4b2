/**
 * Builds the addon for GPUs here and checks everything on the GPU, in the given minutes at most:
 *
 *   npm run gpu:check -- [--minutes 9] [--out DIR] [--only build,samples,…]
 *
 * The parts: `machine`, `build`, `samples` (every operation against the processor), `modules` (every
 * module against PyTorch's results), `fused` (captured graphs, whose kernels NVRTC compiles), `leak`,
 * `programs` (apps for a short run), `speed` (bandwidth, matrix products, the cost of a call, against
 * PyTorch), `benchmarks` (training steps against PyTorch, float32 and bfloat16), `sanitizer`
 * (compute-sanitizer on a part of the samples). What they found so far goes to
 * DIR/report.md and DIR/report.json after each; DIR is $OUT or gpu-report.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runWithin } from './lib/exec.mjs'
import { gpuParts } from './lib/gpu-parts.mjs'

/** @typedef {{ code: number | null, output: string, seconds: number, command: string }} Run */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '9' },
    out: { type: 'string', default: process.env['OUT'] ?? 'gpu-report' },
    only: { type: 'string' },
  },
})
const out = resolve(values.out)
mkdirSync(out, { recursive: true })
const end = Date.now() + Number(values.minutes) * 60_000
const remaining = () => Math.max(0, (end - Date.now()) / 1000)

/** What parts write beside what they print. */
const scratch = mkdtempSync(join(tmpdir(), 'flambeau-gpu-'))
const json = (/** @type {string} */ name) => join(scratch, `${name}.json`)
const parts = gpuParts(scratch, remaining)

/** @type {Record<string, Run[]>} */
const report = {}

/** What is worth keeping of an output: of the sanitizer's what it complains of, and in which case. */
function essence(/** @type {string} */ name, /** @type {string} */ output) {
  const lines = output.trimEnd().split('\n')
  if (name !== 'sanitizer') return lines.slice(-250)
  const isComplaint = (/** @type {string | undefined} */ line) => /^=+ /.test(line ?? '')
  return lines
    .filter((line, i) => isComplaint(line) || isComplaint(lines[i + 1]) || i > lines.length - 10)
    .slice(0, 400)
}

let written = 0
function writeReport() {
  written = Date.now()
  const lines = ['# What a GPU gave', '']
  for (const [name, runs] of Object.entries(report)) {
    for (const { code, output, seconds, command } of runs) {
      const end = code === 0 ? 'passed' : code === null ? 'not ended' : `exit ${code}`
      lines.push(
        `## ${name}: ${end}, ${seconds.toFixed(1)} s`,
        '',
        `\`${command.slice(0, 300)}\``,
        '',
      )
      lines.push('```', essence(name, output).join('\n'), '```', '')
    }
  }
  writeFileSync(join(out, 'report.md'), `${lines.join('\n')}\n`)
  const found = Object.fromEntries(
    ['samples', 'modules', 'fused', 'leak', 'speed', 'float32', 'bf16', 'graph']
      .map((name) => [name, contentOf(json(name))])
      .filter(([, content]) => content !== null),
  )
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(found, null, 2)}\n`)
}

/** What a part has written; null where it has not, or is about to. */
function contentOf(/** @type {string} */ file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

const chosen = values.only?.split(',')
let failed = 0
for (const { name, limit, commands } of parts) {
  if (chosen !== undefined && !chosen.includes(name)) continue
  process.stdout.write(`\n== ${name} (${Math.round(remaining())} s left)\n`)
  /** @type {Run[]} */
  const runs = (report[name] = [])
  for (const [file, args] of commands()) {
    if (remaining() < 5) {
      runs.push({ code: null, output: 'not run: the time was up', seconds: 0, command: file })
      continue
    }
    const [place, start] = [runs.length, Date.now()]
    const command = [basename(file), ...args].join(' ')
    const seconds = () => (Date.now() - start) / 1000
    const ended = await runWithin(
      file,
      args,
      Math.max(1, Math.min(limit, remaining())),
      (output) => {
        // Whoever ends this program early finds what was there a few seconds before.
        runs[place] = { code: null, output, seconds: seconds(), command }
        if (Date.now() - written > 5000) writeReport()
      },
    )
    const result = (runs[place] = { ...ended, seconds: seconds(), command })
    if (
      result.code === 1 &&
      name === 'programs' &&
      /^not everything was shown$/m.test(result.output)
    )
      result.code = 0
    if (result.code !== 0) failed++
    writeReport()
  }
}
writeReport()
rmSync(scratch, { recursive: true, force: true })
process.stdout.write(`\nreport: ${join(out, 'report.md')}; ${failed} commands failed\n`)
process.exitCode = failed > 0 ? 1 : 0
