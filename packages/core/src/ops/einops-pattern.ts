/** The pattern language of rearrange, reduce and repeat. */
import { ValueError } from '../errors.ts'
import { show } from '../show.ts'

/** The three functions that take patterns. */
export type PatternOp = 'rearrange' | 'reduce' | 'repeat'

/** An axis by its name, or an anonymous one by its size. */
export type PatternAxis = string | number

/** Axes that one axis of the tensor is made of; several in parentheses, none for a 1. */
export type Group = readonly PatternAxis[]

/** Stands for the axes of an ellipsis that is an item of its own. */
export const DOTS = '...'

/** Stands for the axes of an ellipsis in parentheses, which become part of one axis. */
export const INNER_DOTS = '(...)'

/** What both sides of a pattern say. */
export interface Pattern {
  readonly op: PatternOp
  readonly text: string
  readonly left: readonly Group[]
  readonly right: readonly Group[]
}

/** A mistake in a pattern, or in what is given for it. */
export function patternError(op: PatternOp, text: string, rule: string, fix: string): ValueError {
  return new ValueError(op, [{ name: 'pattern', description: show(text) }], rule, fix)
}

const cache = new Map<string, Pattern>()
const CACHED = 512

/** What `b (h w) c -> b c h w` says. @throws {ValueError} with the pattern and what is wrong in it. */
export function parsePattern(op: PatternOp, text: string): Pattern {
  const key = `${op} ${text}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const sides = text.split('->')
  if (sides.length !== 2) {
    throw patternError(
      op,
      text,
      `a pattern has two sides and one '->' between them, not ${sides.length - 1}`,
      "for example 'b c h w -> b (c h w)'",
    )
  }
  const [left, right] = sides.map((side) => parseSide(op, text, side)) as [Group[], Group[]]
  const pattern = { op, text, left, right }
  checkSides(pattern)
  if (cache.size >= CACHED) cache.clear()
  cache.set(key, pattern)
  return pattern
}

function parseSide(op: PatternOp, text: string, side: string): Group[] {
  const groups: PatternAxis[][] = []
  let open: PatternAxis[] | null = null
  const tokens = side.match(/\.+|…|[()]|[^\s().…]+/g) ?? []
  for (const token of tokens) {
    if (token === '(') {
      if (open !== null) {
        throw patternError(op, text, 'parentheses are inside of parentheses', 'one level is enough')
      }
      open = []
      groups.push(open)
    } else if (token === ')') {
      if (open === null) {
        throw patternError(op, text, "a ')' has no '(' before it", 'parentheses come in pairs')
      }
      open = null
    } else {
      const axis = parseAxis(op, text, token, open !== null)
      if (open === null) groups.push(axis === 1 ? [] : [axis])
      else if (axis !== 1) open.push(axis)
    }
  }
  if (open !== null) {
    throw patternError(op, text, "a '(' has no ')' after it", 'parentheses come in pairs')
  }
  const axes = namesIn(groups).filter((axis) => typeof axis === 'string')
  const twice = axes.find((name, i) => axes.indexOf(name) !== i)
  if (twice !== undefined) {
    throw patternError(
      op,
      text,
      twice === DOTS ? 'one side has two ellipses' : `'${twice}' is twice on one side`,
      twice === DOTS ? 'one stands for all other axes' : 'einsum takes diagonals',
    )
  }
  return groups
}

function parseAxis(op: PatternOp, text: string, token: string, isInside: boolean): PatternAxis {
  if (token === DOTS || token === '…') return isInside ? INNER_DOTS : DOTS
  if (/^[0-9]+$/.test(token)) {
    const size = Number(token)
    if (size >= 1 && Number.isSafeInteger(size)) return size
    throw patternError(op, text, `an anonymous axis has a size ≥ 1, not ${token}`, 'write 1')
  }
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(token) && !token.endsWith('_')) return token
  throw patternError(
    op,
    text,
    `${show(token)} is not the name of an axis`,
    'names are letters, digits and underscores, begin with a letter and do not end with an underscore',
  )
}

function checkSides({ op, text, left, right }: Pattern): void {
  const [from, to] = [namesIn(left), namesIn(right)]
  if (left.some((group) => group.includes(INNER_DOTS))) {
    throw patternError(
      op,
      text,
      'an ellipsis is in parentheses on the left',
      'sizes of what it stands for cannot be told apart there',
    )
  }
  const missing = (side: readonly PatternAxis[], other: readonly PatternAxis[]): PatternAxis[] =>
    side.filter((axis) => typeof axis === 'string' && !other.includes(axis))
  const lost = missing(from, to)
  const added = missing(to, from)
  const numbers = (side: readonly PatternAxis[]): PatternAxis | undefined =>
    side.find((axis) => typeof axis === 'number')
  if (op !== 'reduce' && lost.length > 0) {
    throw patternError(
      op,
      text,
      `${listed(lost)} ${lost.length === 1 ? 'is' : 'are'} on the left only`,
      'reduce() takes axes away',
    )
  }
  if ((op !== 'repeat' && added.length > 0) || added.includes(DOTS)) {
    throw patternError(
      op,
      text,
      `${listed(added)} ${added.length === 1 ? 'is' : 'are'} on the right only`,
      added.includes(DOTS) ? "add '...' on the left" : 'repeat() adds axes',
    )
  }
  const number =
    (op === 'reduce' ? undefined : numbers(from)) ?? (op === 'repeat' ? undefined : numbers(to))
  if (number !== undefined) {
    throw patternError(
      op,
      text,
      `the anonymous axis ${number} cannot be matched with another one`,
      'give it a name, and its size by that name',
    )
  }
}

/** All axes of a side, both kinds of ellipses under one name. */
function namesIn(side: readonly Group[]): PatternAxis[] {
  return side.flat().map((axis) => (axis === INNER_DOTS ? DOTS : axis))
}

function listed(axes: readonly PatternAxis[]): string {
  return axes.map((axis) => `'${axis}'`).join(', ')
}
