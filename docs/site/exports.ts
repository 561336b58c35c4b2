/** What the packages export, with the comments above it: read from the sources by oxc-parser. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'
import type { Comment, Program, Statement } from 'oxc-parser'

/** A node of the syntax tree, as far as it is looked at here. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly program: Program
  /** Doc comments, in the order of the file. */
  readonly docs: readonly Comment[]
}

/** Something exported: its declarations (several for overloads and merged interfaces), or a namespace. */
export interface Exported {
  readonly file: SourceFile
  readonly declarations: readonly SyntaxNode[]
  readonly namespace?: ReadonlyMap<string, Exported>
}

const files = new Map<string, SourceFile>()
const tables = new Map<string, Map<string, Exported>>()

/** Parses a file, once. */
export function sourceFile(path: string): SourceFile {
  let file = files.get(path)
  if (!file) {
    const text = readFileSync(path, 'utf8')
    const { program, comments, errors } = parseSync(path, text)
    if (errors[0]) throw new Error(`${path}: ${errors[0].message}`)
    const docs = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
    files.set(path, (file = { path, text, program, docs }))
  }
  return file
}

/** The doc comment right above a node (or above the export statement around it), without its signs. */
export function docOf({ text, docs }: SourceFile, node: SyntaxNode): string {
  const lineStart = text.lastIndexOf('\n', node.start - 1) + 1
  const before = text.slice(lineStart, node.start)
  const at = /^\s*(export\s+|declare\s+|default\s+|const\s+)*$/.test(before)
    ? lineStart
    : node.start
  const doc = docs.findLast(({ end }) => end <= node.start)
  if (!doc || !/^\s*(\/\/[^\n]*\n\s*)*(@\w+\s*)?$/.test(text.slice(doc.end, Math.max(doc.end, at))))
    return ''
  return doc.value
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

/** All that a module exports, by name. */
export function exportsOf(path: string): Map<string, Exported> {
  const known = tables.get(path)
  if (known) return known
  const table = new Map<string, Exported>()
  tables.set(path, table)
  const file = sourceFile(path)
  const add = (name: string, found: Exported): void => {
    const there = table.get(name)
    if (there?.file === found.file && there.declarations[0] !== found.declarations[0]) {
      table.set(name, { ...there, declarations: [...there.declarations, ...found.declarations] })
    } else if (!there) table.set(name, found)
  }
  for (const statement of file.program.body) readStatement(file, statement, add)
  return table
}

function readStatement(
  file: SourceFile,
  statement: Statement,
  add: (name: string, found: Exported) => void,
): void {
  if (statement.type === 'ExportAllDeclaration') {
    const target = resolveModule(file.path, statement.source.value)
    if (target === null) return
    const table = exportsOf(target)
    if (statement.exported === null) for (const [name, found] of table) add(name, found)
    else {
      const node = sourceFile(target).program as unknown as SyntaxNode
      add(nameOf(statement.exported as unknown as SyntaxNode), {
        file: sourceFile(target),
        declarations: [node],
        namespace: table,
      })
    }
  } else if (statement.type === 'ExportNamedDeclaration') {
    if (statement.declaration) {
      for (const [name, node] of declared(statement.declaration as unknown as SyntaxNode)) {
        add(name, { file, declarations: [node] })
      }
    }
    for (const specifier of statement.specifiers) {
      const local = nameOf(specifier.local as unknown as SyntaxNode)
      const name = nameOf(specifier.exported as unknown as SyntaxNode)
      const found = statement.source
        ? lookUp(file.path, statement.source.value, local)
        : localOf(file, local)
      if (found) add(name, found)
    }
  }
}

function lookUp(from: string, specifier: string, name: string): Exported | undefined {
  const target = resolveModule(from, specifier)
  return target === null ? undefined : exportsOf(target).get(name)
}

/** A name of the file's own: declared in it, or imported by it. */
export function localOf(file: SourceFile, name: string): Exported | undefined {
  const declarations: SyntaxNode[] = []
  for (const statement of file.program.body as unknown as SyntaxNode[]) {
    if (statement.type === 'ImportDeclaration') {
      const source = (statement['source'] as { value: string }).value
      for (const one of statement['specifiers'] as SyntaxNode[]) {
        if (nameOf(one['local'] as SyntaxNode) !== name) continue
        if (one.type === 'ImportSpecifier') {
          return lookUp(file.path, source, nameOf(one['imported'] as SyntaxNode))
        }
        const target = resolveModule(file.path, source)
        if (target === null) return undefined
        const found = sourceFile(target)
        const program = found.program as unknown as SyntaxNode
        return { file: found, declarations: [program], namespace: exportsOf(target) }
      }
    }
    const declaration = (statement['declaration'] as SyntaxNode | null | undefined) ?? statement
    for (const [own, node] of declared(declaration)) if (own === name) declarations.push(node)
  }
  return declarations.length > 0 ? { file, declarations } : undefined
}

/** Names that a statement declares, with the node that says what each is. */
function declared(node: SyntaxNode): [name: string, node: SyntaxNode][] {
  if (node.type === 'VariableDeclaration') {
    return (node['declarations'] as SyntaxNode[]).flatMap((one) => {
      const id = one['id'] as SyntaxNode
      const properties = id.type === 'ObjectPattern' ? (id['properties'] as SyntaxNode[]) : null
      if (!properties) return [[nameOf(id), one] as [string, SyntaxNode]]
      return properties.map((property): [string, SyntaxNode] => [
        nameOf(property['value'] as SyntaxNode),
        property,
      ])
    })
  }
  const id = node['id'] as SyntaxNode | null | undefined
  return /Declaration|TSDeclareFunction/.test(node.type) && id ? [[nameOf(id), node]] : []
}

function nameOf(node: SyntaxNode): string {
  return ((node['name'] ?? node['value']) as string | undefined) ?? ''
}

/** The file of a module; null for packages from elsewhere. */
export function resolveModule(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier)
  const own = specifier.match(/^@flambeau\/([\w-]+)(\/internal)?$/)
  if (!own) return null
  const entry = own[2] ? 'internal.ts' : 'index.ts'
  const path = join(import.meta.dirname, '../../packages', own[1] ?? '', 'src', entry)
  return existsSync(path) ? path : null
}
