/** Predictions and targets of classification metrics as plain numbers. */
import type { Tensor, TensorData } from '@flambeau/core'
import { IndexError, ShapeError, ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import { choiceOf, countOf } from '../checked.ts'
import { input, numbersOf } from './metric.ts'

/** What is told apart: two classes, one of many, or many labels that each hold or do not. */
export type Task = 'binary' | 'multiclass' | 'multilabel'

/** How one value is made of the values of all classes. */
export type Average = 'micro' | 'macro' | 'weighted' | 'none'

/** An array, one number per class, with `average: 'none'`; else a number. */
export type ScoreOf<A extends string> = A extends 'none' | 'rawValues' ? number[] : number

/** What all classification metrics take. */
export interface ClassificationOptions {
  /**
   * `'binary'`: targets 0 or 1, predictions of the same shape. `'multiclass'`: targets are classes,
   * predictions are classes of the same shape, or scores with the classes along axis 1.
   * `'multilabel'`: both `[N, numLabels, …]`. Default: `'multiclass'`, or `'binary'` without
   * `numClasses` and `numLabels`, or `'multilabel'` with `numLabels`.
   */
  task?: Task
  /** Classes of a multiclass task. */
  numClasses?: number
  /** Labels of a multilabel task. */
  numLabels?: number
  /** Scores above it count as 1, in binary and multilabel tasks. 0 for logits. Default 0.5. */
  threshold?: number
  /** Targets of this value are left out. Default: none. */
  ignoreIndex?: number | null
}

/** Options, checked and complete. */
export interface TaskInfo {
  readonly op: string
  readonly task: Task
  /** Classes, labels, or 2. */
  readonly classes: number
  readonly threshold: number
  readonly ignoreIndex: number | null
}

/** @throws {ValueError} for options that do not fit. */
export function readTask(op: string, options: ClassificationOptions): TaskInfo {
  requireOptions(op, options)
  const { numClasses, numLabels, threshold = 0.5, ignoreIndex = null } = options
  const task = choiceOf<Task>(
    op,
    'task',
    options.task ??
      (numLabels !== undefined ? 'multilabel' : numClasses !== undefined ? 'multiclass' : 'binary'),
    ['binary', 'multiclass', 'multilabel'],
  )
  if (typeof threshold !== 'number' || Number.isNaN(threshold))
    throw new ValueError(op, [], `threshold must be a number, not ${show(threshold)}`, '0.5')
  const classes =
    task === 'binary'
      ? 2
      : task === 'multiclass'
        ? countOf(op, 'numClasses', numClasses, 2)
        : countOf(op, 'numLabels', numLabels, 1)
  return { op, task, classes, threshold, ignoreIndex }
}

/** Predictions and targets, place by place, without the places to be ignored. */
export interface Pairs {
  /** Predicted classes; in multilabel tasks 0 or 1. */
  predicted: Int32Array
  target: Int32Array
  /** Only in multilabel tasks: which label a pair belongs to. */
  label: Int32Array | null
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.ndim === b.ndim && a.shape.every((size, i) => size === b.shape[i])
}

/** @throws {ValueError} if a score is NaN. */
export function refuseNaN(op: string, preds: Tensor): void {
  if (!preds.isFloatingPoint() || !preds.isnan().any().item()) return
  throw new ValueError(
    op,
    { preds },
    'a prediction is NaN',
    'find where the model makes NaN, or replace them with nanToNum()',
  )
}

/** One class, or label value, as given by a tensor. @throws {IndexError} if there is none such. */
function requireClass(op: string, name: string, value: number, classes: number): number {
  if (Number.isInteger(value) && value >= 0 && value < classes) return value
  throw new IndexError(
    op,
    {},
    `${name} has the class ${value}, there are 0 to ${classes - 1}`,
    name === 'target' ? 'check numClasses, or name it as ignoreIndex' : 'check numClasses',
  )
}

/** The pairs of a batch. @throws {ShapeError, IndexError, ValueError} if it does not fit the task. */
export function readPairs(info: TaskInfo, predsData: TensorData, targetData: TensorData): Pairs {
  const { op, task, classes, ignoreIndex } = info
  const preds = input(predsData)
  const target = input(targetData)
  refuseNaN(op, preds)
  const scored = task === 'multiclass' && preds.ndim === target.ndim + 1
  if (scored) requireScores(op, preds, target, classes)
  else requireSame(op, task, preds, target)
  if (task === 'multilabel') requireLabels(op, preds, target, classes)

  const guesses = numbersOf(scored ? preds.argmax(1) : preds)
  const truths = numbersOf(target)
  const decided = task !== 'multiclass' && preds.isFloatingPoint()
  const most = task === 'multiclass' ? classes : 2
  const kept = new Int32Array(truths.length)
  const out = new Int32Array(truths.length)
  const label = task === 'multilabel' ? new Int32Array(truths.length) : null
  const inner = label === null ? 1 : target.shape.slice(2).reduce((a, b) => a * b, 1)
  let count = 0
  for (let i = 0; i < truths.length; i++) {
    const truth = truths[i] as number
    if (truth === ignoreIndex) continue
    kept[count] = requireClass(op, 'target', truth, most)
    const guess = guesses[i] as number
    out[count] = decided ? Number(guess > info.threshold) : requireClass(op, 'preds', guess, most)
    if (label !== null) label[count] = Math.floor(i / inner) % classes
    count++
  }
  return {
    predicted: out.subarray(0, count),
    target: kept.subarray(0, count),
    label: label === null ? null : label.subarray(0, count),
  }
}

function requireSame(op: string, task: Task, preds: Tensor, target: Tensor): void {
  if (sameShape(preds, target)) {
    if (task !== 'multiclass' || !preds.isFloatingPoint()) return
  } else {
    throw new ShapeError(
      op,
      { preds, target },
      task === 'multiclass'
        ? 'preds must have the shape of target, or the classes along axis 1 more'
        : `preds must have the shape of target in a ${task} task`,
      task === 'binary' ? 'pass { numClasses } for more than two classes' : 'reshape one of them',
    )
  }
  throw new ShapeError(
    op,
    { preds, target },
    'floating predictions must have the classes along axis 1: [N, C, …]',
    "pass scores, or classes as integers: preds.to('int64')",
  )
}

/** @throws {ShapeError} unless preds is target's shape with the classes along axis 1 more. */
export function requireScores(op: string, preds: Tensor, target: Tensor, classes: number): void {
  const without = preds.shape.filter((_, axis) => axis !== 1)
  const fits =
    preds.ndim === target.ndim + 1 &&
    preds.ndim >= 2 &&
    without.every((size, i) => size === target.shape[i])
  if (fits && preds.shape[1] === classes) return
  throw new ShapeError(
    op,
    { preds, target },
    fits
      ? `axis 1 of preds (${preds.shape[1]}) must be the number of classes (${classes})`
      : 'preds must have the shape of target, with the classes along axis 1 more',
    fits ? `pass { numClasses: ${preds.shape[1]} }` : 'scores are [N, C, …], targets [N, …]',
  )
}

/** @throws {ShapeError} unless axis 1 holds the labels. */
export function requireLabels(op: string, preds: Tensor, target: Tensor, labels: number): void {
  if (target.ndim >= 2 && target.shape[1] === labels && sameShape(preds, target)) return
  throw new ShapeError(
    op,
    { preds, target },
    `preds and target must be [N, ${labels}, …] in a multilabel task of ${labels} labels`,
    'pass { numLabels } as axis 1 has them',
  )
}
