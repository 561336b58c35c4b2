/** The tab of images: one of each tag and run, with a slider of steps. */
import type { ImageInfo, RunInfo } from '../protocol.ts'
import { CardView } from './card-view.ts'
import { h } from './dom.ts'
import { MediaCard } from './media-card.ts'

function imageCard(tag: string, run: RunInfo): MediaCard<ImageInfo> {
  const image = h('img', { attrs: { alt: `${tag} of ${run.name}` } })
  return new MediaCard<ImageInfo>(tag, run, {
    player: image,
    list: '/api/images',
    source: '/api/image',
    describe: ({ width, height }) => {
      // Small ones are enlarged pixel by pixel.
      image.classList.toggle('pixels', width < 200)
      return `${width} × ${height}`
    },
  })
}

/** The tab of images. */
export class ImagesView extends CardView {
  constructor() {
    super({
      class: 'grid images',
      kind: 'images',
      nothing: ['No images yet.', "writer.addImages('samples', images, step)"],
      make: imageCard,
    })
  }
}
