import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { outputOf } from './exec.mjs'
import { inRepo } from './repo.mjs'
import { nativeLibraries } from './system.mjs'

/**
 * A short hash of the contents of some files.
 *
 * @param {string[]} paths
 */
export function hashFiles(paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path).update('\0').update(readFileSync(path)).update('\0')
  return hash.digest('hex').slice(0, 16)
}

/**
 * The files of a folder and of its folders, sorted.
 *
 * @param {string} folder
 * @param {RegExp} name
 * @returns {string[]}
 */
export function filesBelow(folder, name) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

/**
 * What the native build depends on besides its sources: the tools and the libraries, with their versions.
 *
 * @param {(string | null)[]} [more] facts that count, too
 */
export function toolchainFingerprint(more = []) {
  const packages = nativeLibraries.map((library) => library.package)
  const facts = [
    process.arch,
    outputOf('g++', ['-dumpfullversion']),
    outputOf('cmake', ['--version'])?.split('\n')[0],
    outputOf('dpkg-query', ['-W', '-f=${Package}=${Version} ', ...packages]),
  ]
  return createHash('sha256')
    .update([...facts, ...more].join('\n'))
    .digest('hex')
    .slice(0, 16)
}

// One small file per step remembers the fingerprint of the last success.
const stampPath = (/** @type {string} */ name) => inRepo('.setup', name)

/**
 * @param {string} name
 * @returns {string | null}
 */
export function readStamp(name) {
  try {
    return readFileSync(stampPath(name), 'utf8')
  } catch {
    return null
  }
}

/**
 * @param {string} name
 * @param {string} fingerprint
 */
export function writeStamp(name, fingerprint) {
  mkdirSync(dirname(stampPath(name)), { recursive: true })
  writeFileSync(stampPath(name), fingerprint)
}
