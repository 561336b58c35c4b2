/** The package that brings the compiled addon for this machine's platform. */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { basicLibraries, needsOf, newer } from './elf.mjs'
import { run } from './exec.mjs'
import { buildFolder, buildNative, onednnSources } from './native.mjs'
import { inRepo } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/** The only platform that is built here so far. */
export const platformFolder = 'packages/core-linux-x64-gnu'
/** The addon in that package. */
export const platformAddon = inRepo(platformFolder, 'flambeau.node')

/** The newest glibc that the published addon may need; core's loader tells people the same number. */
const [, newestGlibc = ''] =
  /GLIBC_NEEDED = '([\d.]+)'/.exec(
    readFileSync(inRepo('packages/core/src/native-file.ts'), 'utf8'),
  ) ?? []

/** The Debian package whose code is inside. */
const openblasNotice = '/usr/share/doc/libopenblas-serial-dev/copyright'

/**
 * Builds the addon with all its libraries inside, and puts it into the package, without symbols.
 *
 * @param {{ verbose: boolean, progress?: import('./steps.mjs').Progress }} options
 * @returns {Promise<string | null>} what was done, null if nothing had to be
 */
export async function buildPlatform({ verbose, progress = () => {} }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new StepError(
      `${platformFolder} cannot be built on ${process.platform} ${process.arch}`,
      'build it on Linux on x86-64',
    )
  }
  const did = await buildNative({ tests: false, verbose, variant: 'platform', progress })
  if (did === null && existsSync(platformAddon)) return null
  await placeAddon(join(buildFolder('platform'), 'addon', 'flambeau.node'), platformAddon)
  checkAddon(platformAddon)
  writeFileSync(inRepo(platformFolder, 'THIRD_PARTY_LICENSES.txt'), thirdPartyLicences())
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
      'link them statically in packages/core/native/CMakeLists.txt',
    )
  }
  if (unresolved.length > 0) {
    throw new StepError(
      `${file} lacks ${unresolved.slice(0, 5).join(', ')}: the first call would end the process`,
      'name the sources that have them in packages/core/native/onednn/CMakeLists.txt',
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

/** The licences of everything that is linked into the addon, from where each comes from. */
function thirdPartyLicences() {
  const parts = [
    'The addon flambeau.node in this package contains compiled code of the libraries below.',
  ]
  const add = (/** @type {string} */ title, /** @type {string} */ text) =>
    parts.push(`${'='.repeat(100)}\n${title}\n${'='.repeat(100)}\n\n${text.trim()}`)
  const onednn = onednnSources()
  add('oneDNN', readFileSync(join(onednn, 'LICENSE'), 'utf8'))
  add('oneDNN: third parties', readFileSync(join(onednn, 'THIRD-PARTY-PROGRAMS'), 'utf8'))
  if (!existsSync(openblasNotice)) {
    throw new StepError(
      `${openblasNotice} is missing`,
      'install the Debian package libopenblas-serial-dev with its documentation',
    )
  }
  add('OpenBLAS, with LAPACK', readFileSync(openblasNotice, 'utf8'))
  return `${parts.join('\n\n')}\n`
}
