/** What an example says that a line prints. */
export interface Expectation {
  /** The line of the example that prints, from 1. */
  line: number
  text: string
}

export interface Checkable {
  /** The example with every checked line changed to call `printed(line, …)`; no line moves. */
  code: string
  expectations: Expectation[]
}

/**
 * Reads the expectations of an example. After `console.log(…)` or an expression, on its line or below it,
 * stands `// => text`; comment lines that follow directly are further lines of the same text:
 *
 *     x.shape // => [ 2, 2 ]
 *     console.log(x)
 *     // => tensor([[1, 2],
 *     //            [3, 4]])
 *
 * In the text, `…` stands for anything.
 */
export function readExpectations(code: string): Checkable {
  const lines = code.split('\n')
  const expectations: Expectation[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const match = lines[at]?.match(/^(.*?)(\/\/ ?)=>( ?)(.*)$/)
    if (!match) continue
    const [, statement = '', slashes = '', space = '', first = ''] = match
    const printing = statement.trim() === '' ? at - 1 : at
    // Continued text is aligned with the text after the arrow.
    const margin = slashes.length + 2 + space.length
    const text = [first]
    const below = /^\s*\/\/(?! ?=>)/
    while (below.test(lines[at + 1] ?? '')) {
      at += 1
      text.push(unindent(lines[at]?.trimStart() ?? '', margin))
    }
    lines[printing] = checked(lines[printing] ?? '', printing + 1)
    expectations.push({ line: printing + 1, text: text.join('\n').trimEnd() })
  }
  return { code: lines.join('\n'), expectations }
}

/** `// 2` -> `2`; the comment's slashes and the column of the arrow are not part of the text. */
function unindent(comment: string, margin: number): string {
  const column = Math.min(margin, comment.length - comment.slice(2).trimStart().length)
  return comment.slice(column)
}

/** Makes a line report what it prints: the values of its console.log, or of its only expression. */
function checked(line: string, number: number): string {
  const [, indent = '', code = ''] = line.match(/^(\s*)(.*?)\s*(?:\/\/ ?=>.*)?$/) ?? []
  if (code.includes('console.log(')) {
    return indent + code.replace('console.log(', `printed(${number}, `)
  }
  if (code === '' || /^(const|let|var|for|if|while|return|import|export|[})])/.test(code)) {
    throw new Error(`line ${number}: "// =>" belongs after console.log(…) or an expression`)
  }
  return `${indent}printed(${number}, ${code.replace(/;$/, '')})`
}

/** Whether the printed text is the expected one; `…` in the latter stands for anything. */
export function isExpected(printed: string, expected: string): boolean {
  const pattern = expected
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[\\s\\S]*?')
  return new RegExp(`^${pattern}$`).test(printed)
}
