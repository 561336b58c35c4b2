/**
 * Builds the site: npm run docs. Writes its source to docs/.site and the pages to docs/dist.
 *
 * `--base /flambeau/` is for a site below the root of its host; `--serve` shows it at
 * http://127.0.0.1:5173, `--compose` stops before the generator runs.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, serve } from 'vitepress'
import { composeSite, writeSite } from './compose.ts'

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: '/' },
    serve: { type: 'boolean', default: false },
    compose: { type: 'boolean', default: false },
  },
})

const source = join(import.meta.dirname, '../.site')
const site = composeSite()
writeSite(site, source)
cpSync(join(import.meta.dirname, '.vitepress'), join(source, '.vitepress'), { recursive: true })
console.log(`${site.pages.size} pages, ${site.rows.length} names of PyTorch`)

if (!values.compose) {
  await build(source, { base: values.base, outDir: join(import.meta.dirname, '../dist') })
  console.log('the site is in docs/dist')
  if (values.serve) await serve({ root: source, base: values.base, port: 5173 })
}
