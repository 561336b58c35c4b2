/** Scenes in memory, put together by four. */
import { rand } from '@flambeau/core'
import type { SampleContext, Scene, SceneBatch } from '@flambeau/data'
import { Dataset } from '@flambeau/data'
import { mosaic } from '@flambeau/vision-models'

/** Scenes, of which so many are parts of four. */
export class MosaicScenes extends Dataset<Scene, SceneBatch> {
  override readonly length: number
  readonly #all: readonly Scene[]
  readonly #share: number

  constructor(all: readonly Scene[], share: number) {
    super()
    this.#all = all
    this.length = all.length
    this.#share = share
  }

  override getItem(index: number, context?: SampleContext): Scene {
    const one = this.#all[index] as Scene
    if (context === undefined || this.#share === 0) return one
    const { generator } = context
    const [chance, ...draws] = rand([4], { generator }).tolist() as [number, ...number[]]
    if (chance >= this.#share) return one
    const others = draws.map((x) => this.#all[Math.floor(x * this.length)] as Scene)
    const [, height, width] = one.image.shape as [number, number, number]
    return mosaic([one, ...others], [height, width], { generator })
  }
}
