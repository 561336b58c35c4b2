/** The tab of sounds: one of each tag and run, with a slider of steps. */
import type { AudioInfo, RunInfo } from '../protocol.ts'
import { CardView } from './card-view.ts'
import { h } from './dom.ts'
import { formatDuration } from './format.ts'
import { MediaCard } from './media-card.ts'

function soundCard(tag: string, run: RunInfo): MediaCard<AudioInfo> {
  return new MediaCard<AudioInfo>(tag, run, {
    player: h('audio', { attrs: { controls: '', preload: 'metadata' } }),
    list: '/api/audio',
    source: '/api/sound',
    describe: ({ seconds, sampleRate }) => `${formatDuration(seconds)} at ${sampleRate} Hz`,
  })
}

/** The tab of sounds. */
export class AudioView extends CardView {
  constructor() {
    super({
      class: 'grid images',
      kind: 'audio',
      nothing: ['No sounds yet.', "writer.addAudio('voice', sound, step, 16000)"],
      make: soundCard,
    })
  }
}
