/** What scripts/gpu-check.mjs runs on a GPU, part by part. */
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { outputOf } from './exec.mjs'
import { inRepo } from './repo.mjs'

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {number} limit seconds of each command
 * @property {() => [string, string[]][]} commands
 */

const node = process.execPath

const steps =
  'mlp_mnist,simple_cnn,resnet18_cifar,unet_carvana,vit_tiny,transformer_seq2seq,ddpm_unet'
const bench = (/** @type {string[]} */ ...flags) => [
  inRepo('benchmarks/dist/main.js'),
  ...['--device', 'cuda', '--rounds', '1', '--no-dropout', ...flags],
]

/** What the GPU here computes with, such as 90; nvcc finds it out itself where the driver does not say. */
function architecture() {
  const said = outputOf('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'])
  const capability = said?.split('\n', 1)[0]?.replace('.', '').trim() ?? ''
  return /^\d+$/.test(capability) ? `${capability}-real` : 'native'
}

/**
 * Folders of headers of the wheels of NVIDIA's libraries that came with the PyTorch here, as CMake takes
 * them; empty where they are not all there. What is run from here on finds the libraries.
 */
function vendorHeaders() {
  const roots = outputOf('python3', ['-c', 'import nvidia; print(":".join(nvidia.__path__))']) ?? ''
  const wheels = roots
    .split(':')
    .filter((root) => root !== '' && existsSync(root))
    .flatMap((root) => readdirSync(root).map((name) => join(root, name)))
  const folders = (/** @type {string} */ name) =>
    wheels.map((wheel) => join(wheel, name)).filter((folder) => existsSync(folder))
  if (wheels.length > 0) process.env['FLAMBEAU_CUDA_LIBRARIES'] ??= folders('lib').join(':')
  const isWhole = ['cublasLt.h', 'cudnn.h', 'nvrtc.h'].every((header) =>
    folders('include').some((folder) => existsSync(join(folder, header))),
  )
  return isWhole ? folders('include').join(';') : ''
}

/**
 * The parts in their order.
 *
 * @param {string} scratch a folder for what they write: NAME.json
 * @param {() => number} remaining seconds that are left for all
 * @returns {Part[]}
 */
export function gpuParts(scratch, remaining) {
  const headers = ['packages/cuda-backend/node_modules', 'node_modules']
    .map((folder) => inRepo(folder, 'node-api-headers/include'))
    .find((folder) => existsSync(folder))
  const vendor = vendorHeaders()
  const json = (/** @type {string} */ name) => join(scratch, `${name}.json`)
  const check = (/** @type {string} */ part, /** @type {number} */ seconds) => {
    // So that it ends by itself, and says what it found.
    const most = Math.max(1, Math.min(seconds, Math.floor(remaining()) - 12))
    return [
      inRepo('parity/dist/cuda/check.js'),
      ...[part, '--seconds', String(most), '--json', json(part)],
    ]
  }

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

  return [
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
            `-DFLAMBEAU_CUDA_ARCHITECTURES=${architecture()}`,
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
          bench(
            '--only',
            steps,
            '--seconds',
            '1',
            '--precision',
            'bfloat16',
            '--json',
            json('bf16'),
          ),
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
}
