/** What a compiled file asks of the system that it runs on. */
import { outputOf } from './exec.mjs'
import { StepError } from './steps.mjs'

/**
 * Libraries that every Linux with glibc has where Node runs: Node itself needs them.
 */
export const basicLibraries = new Set([
  'ld-linux-x86-64.so.2',
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'librt.so.1',
  'libstdc++.so.6',
])

/**
 * @typedef {object} Needs
 * @property {string[]} libraries names of shared libraries
 * @property {string} glibc the newest version of glibc that a symbol needs, `0` if none does
 * @property {string[]} unresolved functions that neither a library with versions nor Node will bring
 */

/**
 * Reads what `readelf --wide --dynamic --version-info --dyn-syms` printed.
 *
 * @param {string} text
 * @returns {Needs}
 */
export function parseNeeds(text) {
  const libraries = [...text.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)]
  const versions = [...text.matchAll(/\bGLIBC_(\d+(?:\.\d+)*)/g)]
  return {
    libraries: libraries.map(([, name]) => name).sort(),
    glibc: versions.map(([, version]) => version).reduce(newer, '0'),
    unresolved: [...text.matchAll(/\bGLOBAL\s+\w+\s+UND\s+(\S+)$/gm)]
      .map(([, name]) => name)
      .filter((name) => !name.includes('@') && !name.startsWith('napi_')),
  }
}

/** @param {string} a @param {string} b */
export const newer = (a, b) =>
  a.localeCompare(b, 'en', { numeric: true, sensitivity: 'base' }) >= 0 ? a : b

/**
 * @param {string} file an ELF file
 * @returns {Needs}
 */
export function needsOf(file) {
  const text = outputOf('readelf', ['--wide', '--dynamic', '--version-info', '--dyn-syms', file])
  if (text === null) {
    throw new StepError(`readelf cannot read ${file}`, 'install binutils, or build the file again')
  }
  return parseNeeds(text)
}
