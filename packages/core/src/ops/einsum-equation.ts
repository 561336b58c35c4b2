/** The language of einsum: what an equation says, before tensors are looked at. */
import { ValueError } from '../errors.ts'
import { show } from '../show.ts'

/** Stands for the axes of an ellipsis, in a list of labels. */
export const ELLIPSIS = '...'

/** Labels of the axes of the operands and of the result; null where the result is left open. */
export interface Equation {
  readonly operands: readonly (readonly string[])[]
  readonly output: readonly string[] | null
  /** How errors speak of it. */
  readonly text: string
}

/** @internal */
export function einsumError(text: string, rule: string, fix: string): ValueError {
  return new ValueError('einsum', [{ name: 'equation', description: text }], rule, fix)
}

const cache = new Map<string, Equation>()
const CACHED = 512

/** What `ij,jk->ik` says. @throws {ValueError} with the equation and what is wrong in it. */
export function parseEquation(text: string): Equation {
  const known = cache.get(text)
  if (known !== undefined) return known
  const sides = text.split('->')
  if (sides.length > 2) {
    throw einsumError(show(text), "there is more than one '->'", "for example 'ij,jk->ik'")
  }
  const [left, right] = sides as [string, string | undefined]
  const operands = left.split(',').map((part) => labelsOf(text, part))
  const output = right === undefined ? null : labelsOf(text, right)
  const equation = { operands, output, text: show(text) }
  checkOutput(equation)
  if (cache.size >= CACHED) cache.clear()
  cache.set(text, equation)
  return equation
}

function labelsOf(text: string, part: string): string[] {
  const labels: string[] = []
  for (let i = 0; i < part.length; i++) {
    const letter = part[i] as string
    if (letter === ' ') continue
    if (letter === '.') {
      if (!part.startsWith(ELLIPSIS, i)) {
        throw einsumError(show(text), "a '.' is not part of an ellipsis", "write '...'")
      }
      if (labels.includes(ELLIPSIS)) throw twoEllipses(show(text), part.trim())
      labels.push(ELLIPSIS)
      i += 2
    } else if (/[a-zA-Z]/.test(letter)) {
      labels.push(letter)
    } else {
      throw einsumError(
        show(text),
        `${show(letter)} is not a label`,
        'labels are letters a-z and A-Z; operands are separated by commas',
      )
    }
  }
  return labels
}

function twoEllipses(text: string, part: string): ValueError {
  return einsumError(text, `'${part}' has two ellipses`, 'one stands for all axes without a label')
}

/** The equation of `einsum(a, [0, 1], b, [1, 2], [0, 2])`. @throws {ValueError} */
export function equationOfLists(
  operands: readonly (readonly (number | string)[])[],
  output: readonly (number | string)[] | null,
): Equation {
  const side = (list: readonly unknown[]): string =>
    `[${list.map((label) => (label === ELLIPSIS ? label : show(label))).join(', ')}]`
  const text = `${operands.map(side).join(', ')}${output === null ? '' : ` -> ${side(output)}`}`
  const labels = (list: readonly (number | string)[]): string[] => {
    const out = list.map((label) => {
      if (label === ELLIPSIS) return ELLIPSIS
      if (typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < 52) {
        // 0 … 25 are A … Z, 26 … 51 are a … z, in the order of their codes.
        return String.fromCharCode(label < 26 ? 65 + label : 71 + label)
      }
      throw einsumError(text, `${show(label)} is not a label`, "labels are 0 … 51 and '...'")
    })
    if (out.filter((label) => label === ELLIPSIS).length > 1) throw twoEllipses(text, side(list))
    return out
  }
  const equation = {
    operands: operands.map(labels),
    output: output === null ? null : labels(output),
    text,
  }
  checkOutput(equation)
  return equation
}

function checkOutput({ operands, output, text }: Equation): void {
  if (output === null) return
  output.forEach((label, i) => {
    if (output.indexOf(label) !== i) {
      throw einsumError(
        text,
        `the result has ${label} twice`,
        'a label names one axis of the result',
      )
    }
    if (label !== ELLIPSIS && !operands.some((labels) => labels.includes(label))) {
      throw einsumError(
        text,
        `the result has ${label}, which no operand has`,
        'axes of the result come from the operands',
      )
    }
  })
}

/** The result's labels where the equation leaves them open: the ellipsis, then what occurs once. */
export function implicitOutput(operands: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>()
  for (const labels of operands) {
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  const once = [...counts].filter(([label, count]) => label !== ELLIPSIS && count === 1)
  const sorted = once.map(([label]) => label).sort()
  return counts.has(ELLIPSIS) ? [ELLIPSIS, ...sorted] : sorted
}
