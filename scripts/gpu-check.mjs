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
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { inRepo } from './lib/repo.mjs'

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

/**
 * @typedef {{ code: number | null, output: string, seconds: number, command: string }} Run
 *
 * @param {string} file @param {string[]} args @param {number} limit seconds
 * @param {(soFar: Run) => void} onOutput
 * @returns {Promise<Run>} the output is shown as it comes, too
 */
function run(file, args, limit, onOutput) {
  const start = Date.now()
  const command = [basename(file), ...args].join(' ')
  return new Promise((finish) => {
    /** @type {number | null} */
    let code = -1
    let output = ''
    let isOver = false
    const state = () => ({ code, output, seconds: (Date.now() - start) / 1000, command })
    const end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      kill()
      finish(state())
    }
    // What it has started is in its group, and ends with it: else that would go on on the GPU.
    const kill = () => {
      if (child.pid === undefined) return // it did not begin
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const child = spawn(file, args, {
      cwd: inRepo(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const timer = setTimeout(
      () => {
        code = null
        end()
      },
      Math.max(1, Math.min(limit, remaining())) * 1000,
    )
    const take = (/** @type {Buffer} */ data) => {
      if (isOver) return
      output += data.toString()
      process.stdout.write(data)
      onOutput({ ...state(), code: null })
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => {
      output += error.message
      if (child.pid === undefined) end()
    })
    child.on('exit', (status, signal) => {
      code = status ?? -1
      if (signal !== null) output += `\n(ended by ${signal})`
      child.once('close', end)
      setTimeout(end, 3000)
    })
  })
}

const node = process.execPath
/** What parts write beside what they print. */
const scratch = mkdtempSync(join(tmpdir(), 'flambeau-gpu-'))
const json = (/** @type {string} */ name) => join(scratch, `${name}.json`)
const check = (/** @type {string} */ part, /** @type {number} */ seconds) => {
  // So that it ends by itself, and says what it found.
  const most = Math.max(1, Math.min(seconds, Math.floor(remaining()) - 12))
  return [
    inRepo('parity/dist/cuda/check.js'),
    ...[part, '--seconds', String(most), '--json', json(part)],
  ]
}
/** What the GPU here computes with, such as 90; nvcc finds it out itself where the driver does not say. */
const capability = (
  spawnSync('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'], {
    encoding: 'utf8',
  }).stdout ?? ''
)
  .split('\n', 1)[0]
  ?.replace('.', '')
  .trim()
const architecture = capability && /^\d+$/.test(capability) ? `${capability}-real` : 'native'
const headers = ['packages/cuda-backend/node_modules', 'node_modules']
  .map((folder) => inRepo(folder, 'node-api-headers/include'))
  .find((folder) => existsSync(folder))
// The wheels of NVIDIA's libraries that came with the PyTorch here.
const wheels = (
  spawnSync('python3', ['-c', 'import nvidia; print(":".join(nvidia.__path__))'], {
    encoding: 'utf8',
  }).stdout ?? ''
)
  .trim()
  .split(':')
  .filter((root) => root !== '' && existsSync(root))
  .flatMap((root) => readdirSync(root).map((name) => join(root, name)))
const wheelFolders = (/** @type {string} */ name) =>
  wheels.map((wheel) => join(wheel, name)).filter((folder) => existsSync(folder))
if (wheels.length > 0) process.env['FLAMBEAU_CUDA_LIBRARIES'] ??= wheelFolders('lib').join(':')
// Folders of their headers; none where they are not all there.
const vendor = ['cublasLt.h', 'cudnn.h', 'nvrtc.h'].every((header) =>
  wheelFolders('include').some((folder) => existsSync(join(folder, header))),
)
  ? wheelFolders('include').join(';')
  : ''
const steps =
  'mlp_mnist,simple_cnn,resnet18_cifar,unet_carvana,vit_tiny,transformer_seq2seq,ddpm_unet'
const bench = (/** @type {string[]} */ ...flags) => [
  inRepo('benchmarks/dist/main.js'),
  ...['--device', 'cuda', '--rounds', '1', '--no-dropout', ...flags],
]

/**
 * A short run: what a network learns in it is not enough, and the program ends with 1 and says so.
 *
 * @param {string} task @returns {[string, string[]]}
 */
const sequence = (task) => [
  node,
  [
    inRepo('apps/sequence/dist/main.js'),
    ...['--device', 'cuda', task, '--effort', '0.02', '--out', join(scratch, 'sequence')],
  ],
]

/** @type {{ name: string, limit: number, commands: () => [string, string[]][] }[]} */
const parts = [
  {
    name: 'machine',
    limit: 60,
    commands: () => [
      [
        'nvidia-smi',
        ['--query-gpu=name,driver_version,memory.total,clocks.max.sm', '--format=csv'],
      ],
      ['nvcc', ['--version']],
      ['python3', ['-c', 'import torch; print("PyTorch", torch.__version__)']],
      [node, ['--version']],
    ],
  },
  {
    name: 'build',
    limit: 300,
    commands: () => [
      [
        'cmake',
        [
          ...['-S', 'packages/cuda-backend/native', '-B', 'packages/cuda-backend/build/cuda'],
          ...['-G', 'Ninja', '-DFLAMBEAU_CUDA_FLAVOUR=cuda', `-DNODE_API_HEADERS_DIR=${headers}`],
          // For the GPU of this machine alone.
          `-DFLAMBEAU_CUDA_ARCHITECTURES=${architecture}`,
          `-DFLAMBEAU_VENDOR_INCLUDE=${vendor}`,
        ],
      ],
      [
        'cmake',
        [
          ...['--build', 'packages/cuda-backend/build/cuda'],
          ...['--parallel', String(availableParallelism())],
          // What does not compile is all named at once.
          ...['--', '-k', '0'],
        ],
      ],
      ...(vendor !== ''
        ? [
            /** @type {[string, string[]]} */ ([
              'cmake',
              [
                ...['--build', 'packages/cuda-backend/build/cuda'],
                ...['--target', 'flambeau_cuda_vendor_headers'],
              ],
            ]),
          ]
        : []),
    ],
  },
  {
    name: 'samples',
    limit: 160,
    commands: () => [[node, ['--expose-gc', ...check('samples', 140)]]],
  },
  {
    name: 'modules',
    limit: 50,
    commands: () => [[node, ['--expose-gc', ...check('modules', 40)]]],
  },
  {
    name: 'fused',
    limit: 55,
    commands: () => [[node, ['--expose-gc', ...check('fused', 45)]]],
  },
  {
    name: 'leak',
    limit: 50,
    commands: () => [[node, ['--expose-gc', ...check('leak', 35)]]],
  },
  {
    name: 'speed',
    limit: 60,
    commands: () => [
      [node, check('speed', 50)],
      ['python3', [inRepo('parity/gpu_speed.py')]],
    ],
  },
  {
    name: 'benchmarks',
    limit: 200,
    commands: () => [
      [
        node,
        bench(
          '--only',
          'mlp_mnist,simple_cnn',
          '--graph',
          '--seconds',
          '1',
          '--json',
          json('graph'),
        ),
      ],
      [node, bench('--only', steps, '--seconds', '1', '--json', json('float32'))],
      [
        node,
        bench('--only', steps, '--seconds', '1', '--precision', 'bfloat16', '--json', json('bf16')),
      ],
    ],
  },
  {
    name: 'programs',
    limit: 40,
    commands: () => [...['copy', 'adding'].map((task) => sequence(task))],
  },
  {
    name: 'sanitizer',
    limit: 90,
    commands: () => [
      [
        'compute-sanitizer',
        [
          ...['--tool', 'memcheck', '--error-exitcode', '9', node, ...check('samples', 75)],
          ...['--every', '40', '--processes', '0'],
        ],
      ],
    ],
  },
]

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
    const place = runs.length
    // Whoever ends this program early finds what was there a few seconds before.
    const result = await run(file, args, limit, (soFar) => {
      runs[place] = soFar
      if (Date.now() - written > 5000) writeReport()
    })
    runs[place] = result
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
