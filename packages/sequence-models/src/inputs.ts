/** What models check of their inputs. */
import type { Tensor } from '@flambeau/core'
import { arange, DTypeError, ShapeError, ValueError } from '@flambeau/core'
import { isIterable, requireTensor, show } from '@flambeau/core/internal'

/** @throws {ShapeError} unless tokens are `[N, T]` with a step or more. @throws {DTypeError} */
export function requireTokens(op: string, name: string, tokens: Tensor): void {
  requireTensor(op, name, tokens)
  if (tokens.dtype !== 'int64' && tokens.dtype !== 'int32') {
    throw new DTypeError(op, { [name]: tokens }, `${name} must be int64 or int32`, ".to('int64')")
  }
  if (tokens.ndim === 2 && tokens.shape[1] !== 0) return
  throw new ShapeError(
    op,
    { [name]: tokens },
    `${name} must be [N, T] with at least one step`,
    tokens.ndim === 1 ? 'unsqueeze(0) makes a batch of one' : 'leave empty sequences out',
  )
}

/** @throws {ShapeError} unless features are `[N, T, size]` with a step or more. */
export function requireSteps(op: string, name: string, x: Tensor, size: number): void {
  requireTensor(op, name, x)
  if (x.ndim === 3 && x.shape[1] !== 0 && x.shape[2] === size) return
  throw new ShapeError(
    op,
    { [name]: x },
    `${name} must be [N, T, ${size}] with at least one step`,
    'reshape it, and leave empty sequences out',
  )
}

/** @throws {ValueError} if sequences are longer than a table of positions. */
export function requirePositions(op: string, length: number, maxLength: number): void {
  if (length <= maxLength) return
  throw new ValueError(
    op,
    { length, maxLength },
    `a sequence of ${length} steps is longer than the table of ${maxLength} positions`,
    'cut it, or build the model with a larger maxLength',
  )
}

/** @throws {ShapeError, DTypeError} unless a mask is bool and of this shape. */
export function requireMask(op: string, name: string, mask: Tensor, shape: number[]): void {
  requireTensor(op, name, mask)
  if (mask.dtype !== 'bool') {
    throw new DTypeError(op, { [name]: mask }, `${name} must be bool`, ".to('bool')")
  }
  if (mask.shape.join() === shape.join()) return
  const rule = `${name} must be [${shape.join(', ')}]`
  throw new ShapeError(op, { [name]: mask }, rule, 'one flag for each step of each sequence')
}

/**
 * The number of real steps of each row, int64 `[N]`.
 *
 * @throws {ShapeError, DTypeError} unless a mask is bool, of this shape, with the real steps of each row
 * first, and at least one.
 */
export function lengthsOf(op: string, name: string, mask: Tensor, shape: [number, number]): Tensor {
  requireMask(op, name, mask, shape)
  const lengths = mask.sum(1)
  const straight = arange(shape[1]).unsqueeze(0).lt(lengths.unsqueeze(1))
  if (shape[0] === 0 || (straight.equal(mask) && lengths.min().item() > 0)) return lengths
  const rule = 'real steps come first in each row, and there is at least one'
  throw new ShapeError(op, { [name]: mask }, rule, 'put padding at the end')
}

function refuse(op: string, rule: string, value: unknown, fix: string): never {
  throw new ValueError(op, [], `${rule}, not ${show(value)}`, fix)
}

/** @throws {ValueError} unless `texts` give texts; a generator is not used up, nor looked into. */
export function requireTexts(op: string, texts: unknown): void {
  const isTexts =
    isIterable(texts) && !(Array.isArray(texts) && texts.some((x) => typeof x !== 'string'))
  if (!isTexts) refuse(op, 'a list of texts is expected', texts, "['one', 'two']")
}

/** @throws {ValueError} unless `lists` give lists. */
export function requireLists(op: string, name: string, lists: unknown): void {
  const isLists =
    isIterable(lists) && !(Array.isArray(lists) && lists.some((x) => !Array.isArray(x)))
  if (!isLists) refuse(op, `${name} must be lists of numbers`, lists, '[[1, 2], [3]]')
}

/** @throws {ValueError} unless `sentences` are of words. */
export function requireSentenceList(op: string, sentences: unknown): void {
  const isSentence = (one: unknown): boolean =>
    Array.isArray((one as { words?: unknown } | null | undefined)?.words)
  if (isIterable(sentences) && (!Array.isArray(sentences) || sentences.every(isSentence))) return
  refuse(op, 'a list of sentences is expected', sentences, 'readConllu(text)')
}

/** @throws {ValueError} unless `vocabulary` counts words and numbers them. */
export function requireVocabulary(op: string, name: string, vocabulary: unknown): void {
  const given = vocabulary as { size?: unknown; encode?: unknown } | null | undefined
  if (typeof given?.size === 'number' && typeof given.encode === 'function') return
  refuse(op, `${name} must be a Vocabulary`, vocabulary, "new Vocabulary(['a', 'b'])")
}

/** @throws {ValueError} unless `vocab` is a map of tokens to numbers. */
export function requireMap(op: string, vocab: unknown): void {
  const isMap = vocab instanceof Map && [...vocab.keys()].every((key) => typeof key === 'string')
  if (!isMap) refuse(op, 'vocab must be a Map of tokens to numbers', vocab, "new Map([['a', 0]])")
}
