/** Builds the page into dist/page: node scripts/build-page.mjs */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const folder = join(import.meta.dirname, '..')

/** Bundles scripts and styles, with the chart library in them, and copies the rest. */
export async function buildPage() {
  const from = join(folder, 'src/page')
  const to = join(folder, 'dist/page')
  mkdirSync(to, { recursive: true })
  const { outputFiles } = await build({
    entryPoints: [join(from, 'main.ts'), join(from, 'board.css')],
    outdir: to,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    legalComments: 'eof',
    logLevel: 'error',
  })
  for (const { path, contents } of outputFiles) replace(join(to, basename(path)), contents)
  for (const name of ['index.html', 'favicon.svg']) {
    replace(join(to, name), readFileSync(join(from, name)))
  }
}

/**
 * Writes a file at once: a board may be serving the one before it.
 *
 * @param {string} path
 * @param {Uint8Array} contents
 */
function replace(path, contents) {
  const made = `${path}.${process.pid}`
  writeFileSync(made, contents)
  renameSync(made, path)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPage()
