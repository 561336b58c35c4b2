import { existsSync } from 'node:fs'
import { onPath, outputOf, run } from './exec.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/**
 * Something that a Debian package brings. It counts as present when the package is installed, or when
 * the probe finds what it is for: a program on PATH, or a header below an include folder.
 *
 * @typedef {{ package: string, program?: string, header?: string }} Requirement
 */

/** @type {Requirement[]} programs that build the addon */
const buildTools = [
  { package: 'g++', program: 'g++' },
  { package: 'make', program: 'make' },
  { package: 'cmake', program: 'cmake' },
]

/** @type {Requirement[]} libraries that the addon is built on */
export const nativeLibraries = [
  { package: 'libdnnl-dev', header: 'oneapi/dnnl/dnnl.hpp' },
  { package: 'libopenblas-serial-dev', header: 'openblas-serial/cblas.h' },
]

/** @type {Requirement[]} what only the tests and the linters need */
const testTools = [
  { package: 'doctest-dev', header: 'doctest/doctest.h' },
  { package: 'clang-format', program: 'clang-format' },
  { package: 'clang-tidy', program: 'clang-tidy' },
  { package: 'chromium', program: 'chromium' },
]

/** @param {{ tests: boolean }} options */
export const requirements = ({ tests }) => [
  ...buildTools,
  ...nativeLibraries,
  ...(tests ? testTools : []),
]

/**
 * The Debian packages that are neither installed nor replaced by something that does the same.
 *
 * @param {Requirement[]} wanted
 * @returns {string[]}
 */
export function missingPackages(wanted) {
  const names = wanted.map((requirement) => requirement.package)
  const status = outputOf('sh', [
    '-c',
    'dpkg-query -W -f \'${Package} ${db:Status-Abbrev}\\n\' "$@" 2>/dev/null; true',
    'sh',
    ...names,
  ])
  const installed = new Set(
    (status ?? '')
      .split('\n')
      .filter((line) => / ii\s*$/.test(line))
      .map((line) => line.split(' ')[0]),
  )
  const absent = wanted.filter((requirement) => !installed.has(requirement.package))
  if (absent.length === 0) return []
  const triple = outputOf('g++', ['-dumpmachine']) ?? `${process.arch}-linux-gnu`
  const folders = [
    ...(process.env.CPATH ?? '').split(':').filter(Boolean),
    ...(process.env.CMAKE_PREFIX_PATH ?? '')
      .split(/[:;]/)
      .filter(Boolean)
      .map((folder) => `${folder}/include`),
    '/usr/local/include',
    '/usr/include',
    `/usr/include/${triple}`,
  ]
  return absent
    .filter(({ program, header }) => {
      if (program) return !onPath(program)
      return !folders.some((folder) => existsSync(`${folder}/${header}`))
    })
    .map((requirement) => requirement.package)
}

/**
 * Installs Debian packages as root; anyone else gets the command to run.
 *
 * @param {string[]} packages
 * @param {{ verbose: boolean }} options
 */
export async function installPackages(packages, { verbose }) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (!onPath('apt-get')) {
    throw new StepError(
      `not found: ${packages.join(', ')} (names of Debian packages)`,
      "install what these packages contain with this system's package manager",
    )
  }
  if (process.getuid?.() !== 0) {
    throw new StepError(
      `these packages are not installed: ${packages.join(', ')}`,
      `sudo ${command}`,
    )
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = () => run('sh', ['-c', command], { verbose, env })
  let result = await install()
  if (result.code !== 0) {
    // A fresh machine has no package lists yet, an old one has stale lists.
    const update = await run('apt-get', ['update'], { verbose, env })
    requireSuccess(
      update,
      'apt-get update failed',
      'mend the network or /etc/apt/sources.list, then run this command again',
    )
    result = await install()
  }
  requireSuccess(result, `${command} failed`, `run "${command}" by hand and mend what it names`)
}
