/**
 * Lints the C++ sources with clang-tidy (checks: .clang-tidy). A file is looked at again only when it,
 * a header or the checks changed: node scripts/lint-native.mjs [--emulated]
 *
 * By default core's. --emulated: those of the CUDA backend, as they are compiled for the emulated GPU.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { run } from './lib/exec.mjs'
import { filesBelow, hashFiles } from './lib/fingerprint.mjs'
import { buildFolder, nativeSources } from './lib/native.mjs'
import { inRepo, readJson, root } from './lib/repo.mjs'
import { runMain, tail } from './lib/steps.mjs'

const emulated = process.argv.includes('--emulated')
/** @type {import('./lib/native.mjs').Variant} */
const variant = emulated ? 'cuda-emulated' : 'release'
const sources = nativeSources(variant)
// What all sources may depend on: the CUDA backend includes headers of core.
const folders = [...new Set([nativeSources('release'), sources])]
const sharedNames = /\.(h|txt)$|^\.clang-tidy$/
const clean = inRepo('.setup/clang-tidy') // one empty file per clean source, named by its hash

await runMain(async () => {
  mkdirSync(clean, { recursive: true })
  const { database, compiled } = writeDatabase()
  const shared = hashFiles(
    [inRepo('.clang-tidy'), ...folders.flatMap((folder) => filesBelow(folder, sharedNames))].sort(),
  )
  const pending = filesBelow(sources, /\.(cc|cu)$/)
    .filter((file) => !file.startsWith(join(sources, 'tests'))) // doctest's macros take long, and say little
    .filter((file) => !emulated || compiled.has(file)) // some are of other builds
    .map((file) => ({ file, stamp: join(clean, stampOf(file, shared)) }))
    .filter(({ stamp }) => !existsSync(stamp))

  /** @type {Set<string>} a finding in a header comes up once for each file that includes it */
  const findings = new Set()
  const worker = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) {
      const { code, output } = await run('clang-tidy', [
        '-p',
        database,
        '--quiet',
        '--extra-arg=-Wno-unknown-warning-option',
        '--extra-arg=-ferror-limit=0',
        ...(emulated ? [`--extra-arg-before=-include${join(sources, 'tools/old_clang.h')}`] : []),
        next.file,
      ])
      const found = findingsIn(output)
      if (code !== 0 && !/: (error|warning): /.test(output)) found.push(tail(output))
      found.forEach((finding) => findings.add(finding))
      if (found.length === 0) writeFileSync(next.stamp, '')
    }
  }
  await Promise.all([worker(), worker()])
  process.stdout.write([...findings].join(''))
  return findings.size > 0 ? 1 : 0
})

/**
 * The findings in clang-tidy's output, each with the source lines that it shows. What Clang itself
 * rejects is left out: GCC is the compiler, and it knows more of C++20 than the Clang of Debian 12.
 *
 * @param {string} output
 */
function findingsIn(output) {
  return output
    .replaceAll(`${root}/`, '')
    .split(/^(?=\S+:\d+:\d+: (?:error|warning): )/m)
    .filter((text) => /^\S+:\d+:\d+: /.test(text) && !/\[clang-diagnostic-error\]$/m.test(text))
    .map((text) => text.replace(/^\d+ warnings?.*generated.*\n|^Suppressed .*\n/gm, ''))
}

/**
 * Writes the compile commands with each file once (kernels for several instruction sets are one text)
 * and without GCC's optimisation flags, which Clang may not know.
 */
function writeDatabase() {
  /** @type {{ file: string, command: string }[]} */
  const commands = readJson(join(buildFolder(variant), 'compile_commands.json'))
  const flags = / -f(?!openmp|PIC|visibility)\S+/g
  const byFile = new Map(
    commands.map((entry) => [entry.file, { ...entry, command: entry.command.replace(flags, '') }]),
  )
  const folder = inRepo('.setup/compile-commands', variant)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'compile_commands.json'), JSON.stringify([...byFile.values()]))
  return { database: folder, compiled: new Set(byFile.keys()) }
}

/**
 * @param {string} file
 * @param {string} shared hash of what every source depends on
 */
function stampOf(file, shared) {
  const hash = createHash('sha256')
  return hash.update(relative(root, file)).update(shared).update(readFileSync(file)).digest('hex')
}
