import { parseSync } from 'oxc-parser'

/** A block of TypeScript found in a README, a guide or a doc comment. */
export interface Example {
  /** Path of the file it stands in, relative to the repository. */
  file: string
  /** The line of its first line of code in that file, from 1. */
  line: number
  code: string
  /** False for a block marked `no-run`: it is only type-checked. */
  runs: boolean
}

/** The ```` ```ts ```` blocks of a Markdown file; ```` ```typescript ```` marks a fragment that is only shown. */
export function examplesInMarkdown(file: string, text: string): Example[] {
  const lines = text.split('\n')
  const examples: Example[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const fence = lines[at]?.match(/^(\s*)```ts\b(.*)$/)
    if (!fence) continue
    const [, indent = '', info = ''] = fence
    const start = at + 1
    while (at + 1 < lines.length && lines[at + 1]?.trim() !== '```') at += 1
    const code = lines.slice(start, at + 1).map((line) => line.slice(indent.length))
    examples.push({
      file,
      line: start + 1,
      code: `${code.join('\n')}\n`,
      runs: !info.includes('no-run'),
    })
    at += 1
  }
  return examples
}

/** The same blocks in the doc comments of a TypeScript file. */
export function examplesInSource(file: string, text: string): Example[] {
  if (!text.includes('```ts')) return []
  return parseSync(file, text)
    .comments.filter((comment) => comment.type === 'Block' && comment.value.startsWith('*'))
    .flatMap((comment) => {
      const before = text.slice(0, comment.start).split('\n').length - 1
      const markdown = comment.value.replaceAll(/^\s*\* ?/gm, '')
      return examplesInMarkdown(file, markdown).map((example) => ({
        ...example,
        line: example.line + before,
      }))
    })
}
