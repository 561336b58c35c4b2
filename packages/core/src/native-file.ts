/** Where native addons are looked for, and what to say when one is not there. Loads nothing itself. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { otherEngine } from './engine.ts'

/** What decides which addon this process can load. */
export interface PlatformFacts {
  /** `process.platform`. */
  platform: string
  /** `process.arch`. */
  arch: string
  /** Version of glibc, `null` where there is none: another libc, another system. */
  glibc: string | null
  /** Version of Node, without the `v`; what another engine says that it can do. */
  node: string
  /** Another engine than Node's, with its version. */
  engine: string | null
}

/** The oldest glibc that the published addon runs on. */
export const GLIBC_NEEDED = '2.34'

/** An addon, and how people come by it. */
export interface AddonKind {
  /** What messages call it. */
  name: string
  file: string
  /** The environment variable that names another file. */
  variable: string
  /** Packages that bring it, by platform and architecture. */
  packages: Readonly<Record<string, string>>
  /** The module that loads it: it is compiled into `../prebuilt`, and its packages are among the module's. */
  module: string
  /** How to get one where none is published. */
  build: string
  /** How to compile one again that does not work. */
  buildAgain: string
}

/** The addon of this package. */
const CORE: AddonKind = {
  name: 'native addon',
  file: 'flambeau.node',
  variable: 'FLAMBEAU_NATIVE',
  packages: { 'linux-x64': '@flambeau/core-linux-x64-gnu' },
  module: import.meta.url,
  build:
    'compile it with `npx flambeau-build` (needs a C++20 compiler, CMake, oneDNN and OpenBLAS; it says what is missing)',
  buildAgain: 'compile it again: `npx flambeau-build`, or `npm run setup` in the repository',
}

/** The facts of this process. */
export function platformFacts(): PlatformFacts {
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: glibcVersion(),
    node: process.versions.node,
    engine: otherEngine,
  }
}

/** The version of glibc that Node runs on, read from its diagnostic report. */
function glibcVersion(): string | null {
  if (process.platform !== 'linux') return null
  // The report would otherwise look up the names of all network peers.
  const { report } = process as { report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } }
  if (!report) return null
  const before = report.excludeNetwork
  report.excludeNetwork = true
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } }
  if (before !== undefined) report.excludeNetwork = before
  return header?.glibcVersionRuntime ?? null
}

/** The name of the package that brings the addon for a platform; `null` where there is none. */
function platformPackage(
  { platform, arch }: Pick<PlatformFacts, 'platform' | 'arch'>,
  kind: AddonKind,
): string | null {
  return kind.packages[`${platform}-${arch}`] ?? null
}

/** One place where the addon may be. */
export interface AddonPlace {
  /** What put it there: the environment variable, a build from source, or a package from npm. */
  kind: 'environment' | 'source build' | 'package'
  path: string
}

/**
 * The places to look at, in order: what the environment variable names, and then nothing else; what was
 * compiled here; what the platform's package brings.
 */
export function addonPlaces(
  facts: Pick<PlatformFacts, 'platform' | 'arch'>,
  kind: AddonKind = CORE,
): AddonPlace[] {
  const named = process.env[kind.variable]
  if (named) return [{ kind: 'environment', path: resolve(named) }]
  const built = fileURLToPath(new URL(`../prebuilt/${kind.file}`, kind.module))
  const places: AddonPlace[] = [{ kind: 'source build', path: built }]
  const name = platformPackage(facts, kind)
  if (name !== null) {
    try {
      const manifest = createRequire(kind.module).resolve(`${name}/package.json`)
      places.push({ kind: 'package', path: join(dirname(manifest), kind.file) })
    } catch {
      // Not installed; missingAddon() says so.
    }
  }
  return places
}

/** The first place that has the addon, `undefined` when none has it. */
export function findAddon(places: AddonPlace[]): AddonPlace | undefined {
  return places.find((place) => existsSync(place.path))
}

/** What is wrong, and what to do about it. */
export interface Advice {
  rule: string
  fix: string
}

/** Why there is no addon for these facts, where `places` were looked at in vain. */
export function missingAddon(
  facts: PlatformFacts,
  places: AddonPlace[],
  kind: AddonKind = CORE,
): Advice {
  const [first] = places
  if (first?.kind === 'environment') {
    return {
      rule: `there is no file ${first.path}, which the environment variable ${kind.variable} names`,
      fix: 'name an existing addon, or unset the variable',
    }
  }
  const trouble = platformTrouble(facts, kind)
  if (trouble) return trouble
  const looked = places.map((place) => place.path).join(', ')
  const state = places.some((place) => place.kind === 'package')
    ? 'has no file'
    : 'is not installed'
  return {
    rule: `the ${kind.name} is missing: ${platformPackage(facts, kind)} ${state} (looked at ${looked})`,
    fix: `install again without --omit=optional or --no-optional, after deleting node_modules and a lockfile that was made on another system; or ${kind.build}`,
  }
}

/** Why no published addon runs here; `null` where one should. */
export function platformTrouble(facts: PlatformFacts, kind: AddonKind = CORE): Advice | null {
  const { platform, arch, glibc, node } = facts
  if (olderThan(node, '20.0.0')) {
    return {
      rule: `Node.js ${node} is too old: flambeau needs 20 or newer`,
      fix: 'install a newer Node.js, for example from https://nodejs.org',
    }
  }
  if (platformPackage(facts, kind) === null) {
    const known = Object.keys(kind.packages).join(', ')
    return {
      rule: `no ${kind.name} is published for ${platform}-${arch} (only for ${known})`,
      fix: platform === 'win32' ? 'use the Windows Subsystem for Linux' : kind.build,
    }
  }
  if (glibc === null) {
    return {
      rule: `the published addon needs glibc, and this system has another C library (musl, as in Alpine Linux)`,
      fix: `use an image with glibc, such as node:22-slim; or ${kind.build}`,
    }
  }
  if (olderThan(glibc, GLIBC_NEEDED)) {
    return {
      rule: `the published addon needs glibc ${GLIBC_NEEDED}, and this system has ${glibc}`,
      fix: `use a newer system (Debian 12, Ubuntu 22.04, RHEL 9); or ${kind.build}`,
    }
  }
  return null
}

/** Why an addon that is there could not be loaded, from what the loader of the system said. */
export function brokenAddon(
  facts: PlatformFacts,
  place: AddonPlace,
  message: string,
  kind: AddonKind = CORE,
): Advice {
  const rule = `the ${kind.name} ${place.path} could not be loaded: ${message}`
  const library = /(lib[\w+.-]+\.so[\d.]*): cannot open shared object file/.exec(message)?.[1]
  if (library) {
    const fix =
      place.kind === 'package'
        ? `install the system library ${library}; or ${kind.build}`
        : `it was compiled against ${library}, which is not here any more: install it, or compile again`
    return { rule, fix }
  }
  const trouble = platformTrouble(facts, kind)
  if (trouble && place.kind === 'package') {
    return { rule: `${rule}; ${trouble.rule}`, fix: trouble.fix }
  }
  return {
    rule,
    fix:
      place.kind === 'package'
        ? `delete node_modules and install again; or ${kind.build}`
        : kind.buildAgain,
  }
}

/** Is a version, such as 2.31, older than another? */
function olderThan(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
