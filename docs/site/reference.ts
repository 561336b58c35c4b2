/** The API reference: a page for each module of a package, from the comments of what it exports. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { FindName } from './comments.ts'
import { firstSentence, markdownOf, torchNames } from './comments.ts'
import type { Exported, SyntaxNode } from './exports.ts'
import { exportsOf, localOf, sourceFile } from './exports.ts'
import { linkBetween } from './links.ts'
import { root } from './pages.ts'
import type { Kind } from './signatures.ts'
import { docOfExport, kindOf, membersOf, signatureOf } from './signatures.ts'

/** Something public, and where it is documented. */
export interface Entry {
  /** As it is written after the import: `Conv2d`, `functional.conv2d`. */
  readonly name: string
  readonly package: string
  readonly page: string
  /** Its heading there. */
  readonly anchor: string
  /** Passed on from another package, whose page describes it. */
  readonly passedOn: boolean
  readonly kind: Kind
  readonly doc: string
  readonly found: Exported
  /** Takes `out` beside what its signature says. */
  readonly hasOut: boolean
}

export interface ReferencePackage {
  readonly name: string
  readonly description: string
  readonly entries: readonly Entry[]
}

/** All packages with sources, and what each exports that has a doc comment. */
export function readReference(): ReferencePackage[] {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name)
    if (!readdirSync(folder).includes('src')) return []
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      description: string
    }
    const entries = new Map<string, Entry>()
    collect(name, '', exportsOf(join(folder, 'src/index.ts')), entries)
    return [{ name, description: manifest.description, entries: [...entries.values()] }]
  })
}

function collect(
  pkg: string,
  prefix: string,
  table: ReadonlyMap<string, Exported>,
  into: Map<string, Entry>,
): void {
  const namespaces: [string, ReadonlyMap<string, Exported>][] = []
  for (const [name, exported] of table) {
    if (exported.namespace) {
      namespaces.push([`${prefix}${name}.`, exported.namespace])
      continue
    }
    const plain = plainOf(exported)
    const found = plain ?? exported
    const path = relative(join(root, 'packages'), found.file.path)
    const doc = docOfExport(found)
    const kind = kindOf(found)
    // What has no comment (and is no type) is shared between packages, not public.
    if (doc.includes('@internal') || (doc === '' && kind !== 'type')) continue
    const [owner = '', , ...place] = path.split('/')
    const passedOn = owner !== pkg
    const key = `${found.file.path}:${name}`
    if (into.has(key) || (passedOn && kind === 'type')) continue
    into.set(key, {
      name: `${prefix}${name}`,
      package: pkg,
      page: `reference/${owner}/${pageName(place.join('/'))}.md`,
      anchor: passedOn ? name : `${prefix}${name}`,
      passedOn,
      kind,
      doc,
      found,
      hasOut: plain !== null,
    })
  }
  for (const [name, namespace] of namespaces) collect(pkg, name, namespace, into)
}

const pageName = (path: string): string =>
  path
    .replace(/\.ts$/, '')
    .replace(/(^|\/)index$/, '$1overview')
    .replaceAll('/', '-')

/** For `const add: WithOut<typeof plain.add>`: the function that is written out. */
function plainOf({ file, declarations }: Exported): Exported | null {
  const id = declarations[0]?.['id'] as SyntaxNode | undefined
  const type = id?.['typeAnnotation'] as SyntaxNode | null | undefined
  const text = type ? file.text.slice(type.start, type.end) : ''
  const [, namespace = '', name = ''] = text.match(/^: WithOut<typeof (\w+)\.(\w+)>$/) ?? []
  return localOf(file, namespace)?.namespace?.get(name) ?? null
}

/** A page of the reference as Markdown. */
export interface ReferencePage {
  readonly path: string
  readonly title: string
  readonly text: string
}

/** Finds names from a page: those of its own package first, then the others in order. */
function finder(packages: readonly ReferencePackage[], pkg: string, page: string): FindName {
  const order = [...packages].sort((a, b) => Number(b.name === pkg) - Number(a.name === pkg))
  return (name) => {
    for (const { entries } of order) {
      const [first = ''] = name.split('.')
      const found =
        entries.find((entry) => entry.name === name || entry.name.endsWith(`.${name}`)) ??
        entries.find((entry) => entry.name === first)
      if (found) return `${linkBetween(page, found.page)}#${found.anchor}`
    }
    return null
  }
}

/** The module pages of a package. */
export function modulePages(
  packages: readonly ReferencePackage[],
  { name: pkg, entries }: ReferencePackage,
): ReferencePage[] {
  const byPage = new Map<string, Entry[]>()
  for (const entry of entries.filter(({ passedOn }) => !passedOn)) {
    byPage.set(entry.page, [...(byPage.get(entry.page) ?? []), entry])
  }
  const listed = [...byPage].map(([path, members]) => {
    const find = finder(packages, pkg, path)
    const title = moduleTitle(path)
    const about = moduleComment(members[0]?.found.file.text ?? '')
    const parts = members.map((entry) => entryText(entry, find))
    const head = [
      `# ${title} {#the-module}`,
      `\`@flambeau/${pkg}\``,
      about && markdownOf(about, find),
    ]
    return { path, title, text: `${[...head, ...parts].filter(Boolean).join('\n\n')}\n` }
  })
  return listed.sort((a, b) => (a.title < b.title ? -1 : 1))
}

function moduleTitle(path: string): string {
  const words = path
    .replace(/^.*\//, '')
    .replace(/\.md$/, '')
    .replace(/^(ops|layers)-/, '')
    .replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The comment at the head of a file, where it has one that is not that of its first declaration. */
function moduleComment(text: string): string {
  const [, comment = ''] = text.match(/^\/\*\*([\s\S]*?)\*\/\n(?=\n|import )/) ?? []
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

function entryText({ name, found, doc, hasOut, package: pkg }: Entry, find: FindName): string {
  const short = name.split('.').at(-1) ?? name
  const members = found.declarations
    .filter(({ type }) => type === 'ClassDeclaration')
    .flatMap((node) => membersOf(found.file, node))
    .filter((member) => member.doc !== '')
  const importable = name.split('.')[0] ?? name
  const signature = signatureOf(short, found)
  return [
    `## ${name} {#${name}}`,
    `\`\`\`ts\n${signature}\n\`\`\``,
    markdownOf(doc, find),
    typesOf(signature, short, find),
    hasOut ? 'The last argument may be `{ out }`, a tensor that the result is written into.' : '',
    members
      .map((member) => `- \`${member.name}\`: ${firstSentence(member.doc, find) || 'inherited'}`)
      .join('\n'),
    importable === name ? '' : `From \`import { ${importable} } from '@flambeau/${pkg}'\`.`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** Links to the types that a signature names, except for those that are everywhere. */
function typesOf(signature: string, own: string, find: FindName): string {
  const names = new Set(signature.match(/\b[A-Z]\w+\b/g))
  const links = [...names]
    .filter(
      (name) => ![own, 'Tensor', 'DType', 'Module', 'Promise', 'Record', 'Set'].includes(name),
    )
    .flatMap((name) => {
      const target = find(name)
      return target?.endsWith(`#${name}`) ? [`[\`${name}\`](${target})`] : []
    })
  return links.length > 0 ? `**Types** ${links.join(', ')}` : ''
}

const headings: readonly [Kind, string][] = [
  ['class', 'Classes'],
  ['function', 'Functions'],
  ['constant', 'Constants and aliases'],
  ['type', 'Types'],
]

/** The list of all names of a package. */
export function packagePage(
  packages: readonly ReferencePackage[],
  { name: pkg, description, entries }: ReferencePackage,
): ReferencePage {
  const path = `reference/${pkg}/index.md`
  const find = finder(packages, pkg, path)
  const parts = [
    `# ${pkg}`,
    `${description}`,
    `[What it is for, with examples](../../packages/${pkg}.md)`,
  ]
  for (const [kind, heading] of headings) {
    const members = entries.filter((entry) => entry.kind === kind)
    if (members.length === 0) continue
    const list = members
      .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
      .map(({ name, page, anchor, doc }) => {
        const about = firstSentence(doc, find)
        return `- [\`${name}\`](${linkBetween(path, page)}#${anchor})${about ? `: ${about}` : ''}`
      })
    parts.push(`## ${heading}`, list.join('\n'))
  }
  return { path, title: `All of ${pkg}`, text: `${parts.join('\n\n')}\n` }
}

/** The methods of tensors, family by family; those that gradients add, too. */
export function methodsPage(packages: readonly ReferencePackage[]): ReferencePage {
  const path = 'reference/core/methods.md'
  const find = finder(packages, 'core', path)
  const parts = [
    '# Methods of tensors',
    'What takes a tensor first is a method, too: `relu(x)` is `x.relu()`. The links lead to what is said about the function.',
  ]
  for (const { title, found } of methodInterfaces()) {
    const node = found.declarations.find(({ type }) => type === 'TSInterfaceDeclaration')
    if (!node) throw new Error(`${title} is no interface`)
    const members = membersOf(found.file, node)
    const seen = new Set<string>()
    const about = members.filter(({ name, doc }) => doc !== '' && !seen.has(name) && seen.add(name))
    parts.push(
      `## ${title}`,
      `\`\`\`ts\n${members.map(({ signature }) => signature).join('\n')}\n\`\`\``,
      about.map(({ name, doc }) => `- \`${name}\`: ${firstSentence(doc, find)}`).join('\n'),
    )
  }
  return { path, title: 'Methods of tensors', text: `${parts.join('\n\n')}\n` }
}

function methodInterfaces(): { title: string; found: Exported }[] {
  const file = sourceFile(join(root, 'packages/core/src/methods.ts'))
  const own = localOf(file, 'TensorMethods')?.declarations[0]
  if (!own) throw new Error('core has no TensorMethods')
  const families = (own['extends'] as { expression: { name: string } }[]).map(({ expression }) => {
    const { name } = expression
    const found = localOf(file, name)
    if (!found) throw new Error(`the family ${name} is nowhere`)
    return {
      title: name
        .replace(/Methods$/, '')
        .replace(/(?<=[a-z])[A-Z]/g, (one) => ` ${one.toLowerCase()}`),
      found,
    }
  })
  const gradients = sourceFile(join(root, 'packages/autograd/src/gradient-api.ts'))
  const added = (gradients.program.body as unknown as SyntaxNode[])
    .filter(({ type }) => type === 'TSModuleDeclaration')
    .flatMap((node) => (node['body'] as SyntaxNode)['body'] as SyntaxNode[])
  families.push({ title: 'Gradients', found: { file: gradients, declarations: added } })
  return families
}

/** PyTorch's names that comments refer to, with what has the comment. */
export function torchNamesOf(packages: readonly ReferencePackage[]): Map<string, Entry> {
  const names = new Map<string, Entry>()
  for (const entry of packages.flatMap(({ entries }) => entries)) {
    for (const name of torchNames(entry.doc)) {
      // torch.nn.functional.relu is nn's, although core describes it.
      const asThere = name.startsWith('torch.nn.') && entry.package === 'nn'
      if (!names.has(name) || asThere) {
        if (asThere || !entry.passedOn) names.set(name, entry)
      }
    }
  }
  return names
}
