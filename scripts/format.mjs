/**
 * Formats TypeScript, JSON, Markdown and C++, or checks that all of it is formatted:
 * node scripts/format.mjs --write | --check
 */
import { relative } from 'node:path'
import { run } from './lib/exec.mjs'
import { filesBelow } from './lib/fingerprint.mjs'
import { inRepo, root } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'

const check = process.argv.includes('--check')

await runMain(async () => {
  const native = ['core', 'cuda-backend'].flatMap((name) =>
    filesBelow(inRepo('packages', name, 'native'), /\.(cc|cu|h)$/),
  )
  const [web, cpp] = await Promise.all([
    run('oxfmt', [check ? '--list-different' : '--write', '.']),
    run('clang-format', [...(check ? ['--dry-run', '-Werror'] : ['-i']), ...native]),
  ])
  const failed = web.code !== 0 || cpp.code !== 0
  if (!failed) return 0
  // clang-format reports each place; the names of the files say enough.
  const places = cpp.output.matchAll(/^(.+?):\d+:\d+: error: code should be clang-formatted/gm)
  const unformatted = new Set([...places].map((place) => relative(root, place[1])))
  process.stdout.write(web.output)
  process.stdout.write([...(unformatted.size > 0 ? unformatted : [cpp.output])].join('\n'))
  process.stdout.write('\nfix: npm run format\n')
  return 1
})
