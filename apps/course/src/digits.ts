import type { Tensor } from '@flambeau/core'
import type { Dataset, MNISTOptions } from '@flambeau/data'
import { MNIST, Subset } from '@flambeau/data'
import { budget } from './settings.ts'

/** MNIST; only its first `few` digits where a program is only tried out. */
export function digits(
  options: MNISTOptions,
  few: number,
): Dataset<[image: Tensor, label: Tensor], [images: Tensor, labels: Tensor]> {
  const all = new MNIST(options)
  return new Subset(all, [...Array(budget(all.length, few)).keys()])
}
