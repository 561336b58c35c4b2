/** Declarations as they are shown: without bodies, without what is private. */
import type { Exported, SourceFile, SyntaxNode } from './exports.ts'
import { docOf } from './exports.ts'

export type Kind = 'class' | 'function' | 'constant' | 'type'

/** A field, getter or method, with what its comment says. */
export interface Member {
  readonly name: string
  readonly signature: string
  readonly doc: string
}

export function kindOf({ declarations }: Exported): Kind {
  const types = declarations.map(({ type }) => type)
  if (types.includes('ClassDeclaration')) return 'class'
  if (types.some((type) => type.includes('Function'))) return 'function'
  return types.some((type) => type.startsWith('TS')) ? 'type' : 'constant'
}

/** What is written above the first declaration that has a comment. */
export function docOfExport({ file, declarations }: Exported): string {
  return declarations.map((node) => docOf(file, node)).find((doc) => doc !== '') ?? ''
}

/** The declarations as code. */
export function signatureOf(name: string, found: Exported): string {
  const { file, declarations } = found
  const overloaded = declarations.some(({ type }) => type === 'TSDeclareFunction')
  const isClass = declarations.some(({ type }) => type === 'ClassDeclaration')
  return declarations
    .filter((node) => !(overloaded && node.type === 'FunctionDeclaration'))
    .filter((node) => !(isClass && node.type === 'TSInterfaceDeclaration'))
    .map((node) => declarationText(name, file, node))
    .filter((text) => text !== '')
    .join('\n')
}

function declarationText(name: string, file: SourceFile, node: SyntaxNode): string {
  switch (node.type) {
    case 'ClassDeclaration':
      return classText(file, node)
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return withoutBody(file, node)
    case 'VariableDeclarator': {
      const type = (node['id'] as SyntaxNode)['typeAnnotation'] as SyntaxNode | null
      return `const ${name}${type ? file.text.slice(type.start, type.end) : ''}`
    }
    case 'Property':
      return `const ${name}`
    default:
      return file.text.slice(node.start, node.end)
  }
}

function withoutBody({ text }: SourceFile, node: SyntaxNode): string {
  const body = node['body'] as SyntaxNode | null | undefined
  return text.slice(node.start, body?.start ?? node.end).trim()
}

function classText(file: SourceFile, node: SyntaxNode): string {
  const members = membersOf(file, node).map(({ signature }) => `  ${signature}`)
  const head = withoutBody(file, node)
  return members.length > 0 ? `${head} {\n${members.join('\n')}\n}` : `${head} {}`
}

/** The public members of a class, or all of an interface. */
export function membersOf(file: SourceFile, node: SyntaxNode): Member[] {
  const nodes = (node['body'] as SyntaxNode)['body'] as SyntaxNode[]
  const members = nodes.flatMap((one): (Member & { implementation: boolean })[] => {
    const key = one['key'] as SyntaxNode | undefined
    if (!key || key.type === 'PrivateIdentifier' || one['computed'] === true) return []
    const name = (key['name'] ?? key['value']) as string
    const doc = docOf(file, one)
    const hidden = one['accessibility'] === 'private' || name.startsWith('_')
    if (hidden || doc.includes('@internal') || one['kind'] === 'set') return []
    const value = one['value'] as SyntaxNode | null | undefined
    return [
      {
        name,
        doc,
        signature: memberText(file, one, value).replace(/^override /, ''),
        implementation: value?.type === 'FunctionExpression' && one['kind'] === 'method',
      },
    ]
  })
  const overloaded = new Set(
    members.filter(({ implementation }) => !implementation).map(({ name }) => name),
  )
  return members.filter(({ name, implementation }) => !(implementation && overloaded.has(name)))
}

function memberText(
  { text }: SourceFile,
  node: SyntaxNode,
  value: SyntaxNode | null | undefined,
): string {
  if (value?.type === 'FunctionExpression') {
    const body = value['body'] as SyntaxNode
    return text.slice(node.start, body.start).trim()
  }
  const type = node['typeAnnotation'] as SyntaxNode | null | undefined
  const end = type?.end ?? (value ? (node['key'] as SyntaxNode).end : node.end)
  return text.slice(node.start, node.type.startsWith('TS') ? node.end : end).trim()
}
