/**
 * Lints the C++ sources with clang-tidy (checks: .clang-tidy). A file is looked at again only when it,
 * a header or the checks changed: node scripts/lint-native.mjs
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { run } from './lib/exec.mjs'
import { filesBelow, hashFiles } from './lib/fingerprint.mjs'
import { buildFolder } from './lib/native.mjs'
import { inRepo, readJson, root } from './lib/repo.mjs'
import { runMain, tail } from './lib/steps.mjs'

const sources = inRepo('packages/core/native')
const clean = inRepo('.setup/clang-tidy') // one empty file per clean source, named by its hash

await runMain(async () => {
  mkdirSync(clean, { recursive: true })
  const database = writeDatabase()
  const shared = hashFiles([inRepo('.clang-tidy'), ...filesBelow(sources, /\.(h|txt)$/)])
  const pending = filesBelow(sources, /\.cc$/)
    .filter((file) => !file.startsWith(join(sources, 'tests'))) // doctest's macros take long, and say little
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
  const commands = readJson(join(buildFolder('release'), 'compile_commands.json'))
  const flags = / -f(?!openmp|PIC|visibility)\S+/g
  const byFile = new Map(
    commands.map((entry) => [entry.file, { ...entry, command: entry.command.replace(flags, '') }]),
  )
  const folder = inRepo('.setup/compile-commands')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'compile_commands.json'), JSON.stringify([...byFile.values()]))
  return folder
}

/**
 * @param {string} file
 * @param {string} shared hash of what every source depends on
 */
function stampOf(file, shared) {
  const hash = createHash('sha256')
  return hash.update(relative(root, file)).update(shared).update(readFileSync(file)).digest('hex')
}
