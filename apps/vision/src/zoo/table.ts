/** The results as a table of a README. */
import { readFileSync } from 'node:fs'
import { ValueError } from '@flambeau/core'
import { writeFileAtomic } from '@flambeau/data'
import type { Result } from './result.ts'

/** Between these lines of a README the table stands. */
export const MARKERS = ['<!-- zoo: begin -->', '<!-- zoo: end -->'] as const

/** Columns as wide as their widest cell; the first is text, numbers stand at the right. */
function markdown(rows: readonly (readonly string[])[], right: readonly boolean[]): string {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => (row[i] ?? '').length), 3),
  )
  const line = (row: readonly string[]): string =>
    `| ${row
      .map((cell, i) => {
        const width = widths[i] as number
        return right[i] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(' | ')} |`
  const rule = widths.map((width, i) =>
    right[i] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  const [head = [], ...body] = rows
  return [line(head), line(rule), ...body.map(line)].join('\n')
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const seconds = (value: number): string => `${Math.round(value)} s`

function classification(results: readonly Result[]): string {
  const head = [
    'classifier',
    'parameters',
    'input',
    'a batch by heart',
    'trained on',
    'accuracy',
    'at least',
    'processor time',
  ]
  const rows = results.map((one) => [
    `\`${one.name}\``,
    one.parameters.toLocaleString('en'),
    one.input,
    one.overfitSteps === null ? 'no' : `${one.overfitSteps} steps`,
    one.training,
    percent(one.value),
    percent(one.goal),
    seconds(one.cpuSeconds),
  ])
  return markdown([head, ...rows], [false, true, true, true, false, true, true, true])
}

function others(results: readonly Result[], what: string, value: string): string {
  const digits = (score: number): string =>
    value === 'score' ? score.toFixed(2) : score.toFixed(3)
  const head = [what, 'parameters', 'images', 'trained on', value, 'at least', 'processor time']
  const rows = results.map((one) => [
    `\`${one.name}\``,
    one.parameters.toLocaleString('en'),
    one.input,
    one.training,
    digits(one.value),
    digits(one.goal),
    seconds(one.cpuSeconds),
  ])
  return markdown([head, ...rows], [false, true, true, false, true, true, true])
}

function detection(results: readonly Result[]): string {
  const head = ['detector', 'parameters', 'scenes', 'trained on', 'mAP@0.5', 'at least']
  const rows = results.map((one) => [
    `\`${one.name}\``,
    one.parameters.toLocaleString('en'),
    one.input,
    one.training,
    percent(one.value),
    percent(one.goal),
    one.maskPrecision === undefined ? '' : percent(one.maskPrecision),
    one.maskPrecisionGoal === undefined ? '' : percent(one.maskPrecisionGoal),
    one.maskIoU === undefined ? '' : one.maskIoU.toFixed(3),
    one.maskGoal === undefined ? '' : one.maskGoal.toFixed(3),
    seconds(one.cpuSeconds),
  ])
  const rest = ['mask AP@0.5', 'at least', 'IoU of masks', 'at least', 'processor time']
  const right = [false, true, true, false, true, true, true, true, true, true, true]
  return markdown([[...head, ...rest], ...rows], right)
}

/** All results, one table for each kind. */
export function tables(results: readonly Result[]): string {
  const of = (kind: Result['kind']): Result[] => results.filter((one) => one.kind === kind)
  const parts: string[] = []
  if (of('classification').length > 0) {
    parts.push(
      'Accuracy is that of the first 1,000 test images of MNIST, after training on the first so many training\nimages. A batch of 20 counts as known by heart when all are right and the loss is below 0.1.',
      classification(of('classification')),
    )
  }
  if (of('detection').length > 0) {
    parts.push(
      'Detectors find digits of MNIST in scenes, 1 to 3 of a quarter to half of its height in each; the mean average\nprecision at an overlap of one half is that on 100 scenes of digits of the test set, of boxes and of masks. The IoU of\nmasks is the mean over all objects, 0 for those that were not found.',
      detection(of('detection')),
    )
  }
  if (of('segmentation').length > 0) {
    parts.push(
      'Segmenters find circles, squares and triangles on noise; the mean IoU is that of 200 other pictures, the\nbackground counted in.',
      others(of('segmentation'), 'segmenter', 'mean IoU'),
    )
  }
  if (of('generation').length > 0) {
    parts.push(
      'What generators draw of MNIST is judged by a classifier that was trained on real digits: its score is e to the\nmean information that an image gives about its class, from 1 (all the same, or unclear) to 10 (every digit alike\noften, and clear).',
      others(of('generation'), 'generator', 'score'),
    )
  }
  return parts.join('\n\n')
}

/** Puts the tables between the markers of a README. @throws {ValueError} if it has none. */
export function writeTables(readme: string, results: readonly Result[]): void {
  const text = readFileSync(readme, 'utf8')
  const [begin, end] = MARKERS
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) {
    throw new ValueError('zoo', [], `${readme} has no lines ${begin} and ${end}`, 'add them')
  }
  const whole = `${text.slice(0, from + begin.length)}\n\n${tables(results)}\n\n${text.slice(to)}`
  writeFileAtomic(readme, [new TextEncoder().encode(whole)])
}
