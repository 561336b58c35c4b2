/** The findings as text for a terminal. */
import type { Finding, State } from './findings.ts'

const MARKS: Record<State, [mark: string, colour: number]> = {
  good: ['✓', 32],
  note: ['·', 36],
  warning: ['!', 33],
  error: ['✗', 31],
}

/** Lines for a terminal of `width` columns; with escape codes for colours if `colours` is set. */
export function show(
  findings: Finding[],
  { colours, width }: { colours: boolean; width: number },
): string {
  const paint = (code: number, text: string): string =>
    colours ? `\x1b[${code}m${text}\x1b[0m` : text
  const names = Math.max(...findings.map(({ name }) => name.length))
  const indent = ' '.repeat(names + 6)
  const lines: string[] = []
  let section = ''
  for (const finding of findings) {
    if (finding.section !== section) {
      section = finding.section
      lines.push('', paint(1, section))
    }
    const [mark, colour] = MARKS[finding.state]
    const [first = '', ...more] = wrap(finding.value, width - indent.length)
    lines.push(`  ${paint(colour, mark)} ${paint(2, finding.name.padEnd(names))}  ${first}`)
    for (const line of more) lines.push(indent + line)
    if (finding.remedy !== undefined) {
      const remedy = wrap(`→ ${finding.remedy}`, width - indent.length)
      for (const [i, line] of remedy.entries()) {
        lines.push(indent + paint(colour, i === 0 ? line : `  ${line}`))
      }
    }
  }
  const counted = (state: State): number => findings.filter((one) => one.state === state).length
  const errors = counted('error')
  const warnings = counted('warning')
  const verdict =
    errors > 0
      ? paint(31, 'flambeau cannot run here: see ✗ above')
      : warnings > 0
        ? paint(33, 'flambeau works, and could work better: see ! above')
        : paint(32, 'flambeau is ready')
  return [...lines.slice(1), '', verdict, ''].join('\n')
}

/** Cuts a text into lines of at most `width` columns, between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > Math.max(20, width)) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
