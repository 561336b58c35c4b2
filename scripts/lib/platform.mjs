/** The packages that bring compiled addons for this machine's platform. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { basicLibraries, needsOf, newer } from './elf.mjs'
import { run } from './exec.mjs'
import { buildFolder, buildNative, findNvcc, onednnSources } from './native.mjs'
import { inRepo } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/**
 * @typedef {object} Platform
 * @property {string} folder of the package, relative to the repository
 * @property {string} addon the file in it, absolute
 * @property {import('./native.mjs').Variant} variant how it is built
 * @property {() => [title: string, text: string][]} licences of the libraries inside
 *
 * @typedef {{ verbose: boolean, progress?: import('./steps.mjs').Progress }} Options
 */

/**
 * The addon of core. Linux on x86-64 is the only platform that is built here so far.
 *
 * @type {Platform}
 */
export const processor = {
  folder: 'packages/core-linux-x64-gnu',
  addon: inRepo('packages/core-linux-x64-gnu/flambeau.node'),
  variant: 'platform',
  licences: () => {
    const onednn = onednnSources()
    return [
      ['oneDNN', readFileSync(join(onednn, 'LICENSE'), 'utf8')],
      ['oneDNN: third parties', readFileSync(join(onednn, 'THIRD-PARTY-PROGRAMS'), 'utf8')],
      ['OpenBLAS, with LAPACK', notice('libopenblas-serial-dev')],
    ]
  },
}

/**
 * The addon of the CUDA backend, for GPUs.
 *
 * @type {Platform}
 */
export const cuda = {
  folder: 'packages/cuda-backend-linux-x64-gnu',
  addon: inRepo('packages/cuda-backend-linux-x64-gnu/flambeau_cuda.node'),
  variant: 'cuda-platform',
  licences: () => [
    [
      'CUDA Runtime (libcudart_static)',
      'Copyright NVIDIA Corporation. Redistributed under the License Agreement for NVIDIA Software Development Kits, whose CUDA Toolkit\nsupplement names this library among what applications may be distributed with: https://docs.nvidia.com/cuda/eula/',
    ],
    [
      'CCCL (CUB, Thrust, libcu++)',
      'Copyright NVIDIA Corporation and contributors. Licensed under the Apache License 2.0 with LLVM Exceptions and, in parts, under\nthe BSD 3-Clause and Boost Software Licenses: https://github.com/NVIDIA/cccl/blob/main/LICENSE',
    ],
  ],
}

/** The newest glibc that a published addon may need; core's loader tells people the same number. */
const [, newestGlibc = ''] =
  /GLIBC_NEEDED = '([\d.]+)'/.exec(
    readFileSync(inRepo('packages/core/src/native-file.ts'), 'utf8'),
  ) ?? []

/**
 * Builds the addon of the processor with all its libraries inside, and puts it into its package, without
 * symbols.
 *
 * @param {Options} options
 * @returns {Promise<string | null>} what was done, null if nothing had to be
 */
export const buildPlatform = (options) => build(processor, options)

/**
 * The same for the addon of GPUs.
 *
 * @param {Options} options
 * @returns {Promise<string | null>}
 * @throws {StepError} where there is no nvcc, see {@link findNvcc}.
 */
export async function buildCudaPlatform(options) {
  if (findNvcc() === null) {
    throw new StepError(
      'nvcc, the compiler of the CUDA toolkit, was not found',
      'install the toolkit, 12.8 or newer, or set CUDA_HOME to its folder',
    )
  }
  return build(cuda, options)
}

/** @param {Platform} platform @param {Options} options */
async function build({ folder, addon, variant, licences }, { verbose, progress = () => {} }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new StepError(
      `${folder} cannot be built on ${process.platform} ${process.arch}`,
      'build it on Linux on x86-64',
    )
  }
  const did = await buildNative({ tests: false, verbose, variant, progress })
  if (did === null && existsSync(addon)) return null
  const name = basename(addon)
  await placeAddon(join(buildFolder(variant), 'addon', name), addon)
  checkAddon(addon)
  const parts = licences().map(
    ([title, text]) => `${'='.repeat(100)}\n${title}\n${'='.repeat(100)}\n\n${text.trim()}`,
  )
  const head = `The addon ${name} in this package contains compiled code of the libraries below.`
  writeFileSync(inRepo(folder, 'THIRD_PARTY_LICENSES.txt'), `${[head, ...parts].join('\n\n')}\n`)
  return did ?? 'put the addon into its package'
}

/**
 * Copies an addon without its symbols.
 *
 * @param {string} from
 * @param {string} to
 */
export async function placeAddon(from, to) {
  copyFileSync(from, `${to}.new`)
  const stripped = await run('strip', ['--strip-unneeded', `${to}.new`])
  requireSuccess(stripped, `strip failed on ${to}.new`, 'install binutils')
  renameSync(`${to}.new`, to)
}

/**
 * Fails if an addon needs what a bare system with Node lacks.
 *
 * @param {string} file
 */
export function checkAddon(file) {
  const { libraries, glibc, unresolved } = needsOf(file)
  const foreign = libraries.filter((name) => !basicLibraries.has(name))
  if (foreign.length > 0) {
    throw new StepError(
      `${file} needs ${foreign.join(', ')}, which users do not have`,
      'link them statically in its CMakeLists.txt',
    )
  }
  if (unresolved.length > 0) {
    throw new StepError(
      `${file} lacks ${unresolved.slice(0, 5).join(', ')}: the first call would end the process`,
      'name the sources that have them in its CMakeLists.txt',
    )
  }
  if (newer(newestGlibc, glibc) !== newestGlibc) {
    throw new StepError(
      `${file} needs glibc ${glibc}, newer than the ${newestGlibc} that core's loader names`,
      'build on an older system, or raise GLIBC_NEEDED in packages/core/src/native-file.ts',
    )
  }
  return { libraries, glibc }
}

/**
 * The licences that Debian ships with a package.
 *
 * @param {string} debian
 */
function notice(debian) {
  const file = `/usr/share/doc/${debian}/copyright`
  if (!existsSync(file)) {
    throw new StepError(
      `${file} is missing`,
      `install the Debian package ${debian} with its documentation`,
    )
  }
  return readFileSync(file, 'utf8')
}
