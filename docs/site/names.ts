/** The table of names: PyTorch's, what stands for each here, and how it is tested. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { linkBetween } from './links.ts'
import { root } from './pages.ts'
import type { Entry, ReferencePackage } from './reference.ts'
import { torchNamesOf } from './reference.ts'

export interface NameRow {
  readonly torch: string
  readonly ours: string
  readonly package: string
  /** What was compared with PyTorch's results; empty where the page of its package says it. */
  readonly tested: string
  readonly gradient: string
  /** The page that describes it, relative to the table; null where it has none of its own. */
  readonly link: string | null
}

export const namesPage = 'guide/names.md'

/** For methods that are no functions. */
const METHODS = '../reference/core/methods.html'

/** The rows of docs/torch-parity.md, then the names that comments of the other packages refer to. */
export function nameRows(packages: readonly ReferencePackage[]): NameRow[] {
  const described = torchNamesOf(packages)
  const rows = parityRows(readFileSync(join(root, 'docs/torch-parity.md'), 'utf8'), packages)
  const known = new Set(rows.map(({ torch }) => torch))
  for (const [torch, entry] of described) {
    const inScope =
      /^torch\.[a-z_]+(\.[A-Za-z_]\w*)+$/.test(torch) || torch.startsWith('torchvision.')
    if (!inScope || known.has(torch) || torch.startsWith('torch.Tensor.')) continue
    rows.push({
      torch,
      ours: entry.name,
      package: entry.package,
      tested: '',
      gradient: '',
      link: linkOf(entry),
    })
  }
  return rows
}

/** The rows of the parity table. */
export function parityRows(table: string, packages: readonly ReferencePackage[]): NameRow[] {
  const byName = new Map<string, Entry>()
  for (const { name, entries } of packages) {
    if (name !== 'core' && name !== 'autograd') continue
    for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry)
  }
  let namespace = ''
  const rows: NameRow[] = []
  for (const line of table.split('\n')) {
    namespace = line.match(/^## (\w+)$/)?.[1] ?? namespace
    const cells = line.split('|').map((cell) => cell.trim())
    const [, torch = '', ours = '', , tested = '', gradient = ''] = cells
    if (namespace === '' || cells.length < 8 || torch === 'PyTorch' || /^-+$/.test(torch)) continue
    const spaced = namespace === 'linalg' || namespace === 'special' ? `${namespace}.${ours}` : ours
    const entry = byName.get(spaced) ?? byName.get(ours)
    rows.push({
      torch: namespace === 'torch' ? `torch.${torch}` : `torch.${namespace}.${torch}`,
      ours: namespace === 'Tensor' ? `x.${ours}` : spaced,
      package: entry?.package ?? (namespace === 'autograd' ? 'autograd' : 'core'),
      tested: tested === 'own' ? 'own tests' : tested,
      gradient,
      link: entry ? linkOf(entry) : namespace === 'Tensor' ? METHODS : null,
    })
  }
  return rows
}

function linkOf({ page, anchor }: Entry): string {
  return `${linkBetween(namesPage, page).replace(/\.md$/, '.html')}#${anchor}`
}

/** The table as Markdown, for readers without a browser. */
export function namesMarkdown(rows: readonly NameRow[]): string {
  const lines = rows.map(
    ({ torch, ours, package: from, tested }) => `| ${torch} | ${ours} | ${from} | ${tested} |`,
  )
  return `# Names\n\n| PyTorch | flambeau | package | tested |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
}

/** The page; the table itself is a component that searches in it. */
export const namesText = `---
aside: false
pageClass: wide
---

# Names

PyTorch’s names and what stands for each here, from the same data as [the parity table](../project/torch-parity.md).
*Tested* is the number of calls whose values were compared with PyTorch’s, or “own tests” where those of the package do
it. Rows without it are not in that table: they come from doc comments that name what they stand for.

<script setup>
import rows from './names.json'
</script>

<NameTable :rows="rows" />
`
