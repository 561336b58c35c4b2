/** The page: runs at the side, tabs above, and word from the server of what has come. */
import { AudioView } from './audio.ts'
import { controls, themeChoice } from './controls.ts'
import { CurvesView } from './curves.ts'
import { CustomView } from './custom.ts'
import { h } from './dom.ts'
import { EmbeddingsView } from './embeddings.ts'
import { GraphView } from './graph.ts'
import { HistogramsView } from './histograms.ts'
import { HparamsView } from './hparams.ts'
import { ImagesView } from './images.ts'
import { PrCurvesView } from './pr-curves.ts'
import { Sidebar } from './sidebar.ts'
import { colorOf, settings } from './state.ts'
import { Store } from './store.ts'
import { TextsView } from './texts.ts'
import type { RunInfo } from '../protocol.ts'
import type { View } from './view.ts'

const tabs: Readonly<Record<string, readonly [title: string, make: () => View]>> = {
  curves: ['Curves', () => new CurvesView('curves')],
  custom: ['Charts', () => new CustomView()],
  images: ['Images', () => new ImagesView()],
  audio: ['Audio', () => new AudioView()],
  histograms: ['Histograms', () => new HistogramsView()],
  'pr-curves': ['PR curves', () => new PrCurvesView()],
  embeddings: ['Embeddings', () => new EmbeddingsView()],
  hparams: ['Hyper-parameters', () => new HparamsView()],
  graph: ['Graph', () => new GraphView()],
  texts: ['Text', () => new TextsView()],
  system: ['System', () => new CurvesView('system')],
}

/** Tabs that are there only if a run has something for them. */
const rare: Readonly<Record<string, (run: RunInfo) => boolean>> = {
  custom: ({ customScalars }) => customScalars.length > 0,
  audio: ({ audio }) => audio.length > 0,
  'pr-curves': ({ prCurves }) => prCurves.length > 0,
  embeddings: ({ embeddings }) => embeddings.length > 0,
}

const store = new Store()
const views = new Map<string, View>()
let filter = ''

const status = h('span', { class: 'status' }, 'connecting')
const message = h('div', { class: 'message' })
const problems = h('details', { class: 'problems' })
problems.hidden = true
const main = h('main')
const nav = h('nav')
const place = h('div', { class: 'folder muted' })
const sidebar = new Sidebar(() => draw())

function tabName(): string {
  const name = location.hash.slice(1)
  return Object.hasOwn(tabs, name) ? name : 'curves'
}

function applyTheme(): void {
  document.documentElement.dataset['theme'] = settings.theme
  sidebar.update(store.runs)
  draw()
}

/** Says which files are damaged, of whatever run. */
function drawProblems(): void {
  const found = store.runs.flatMap(({ name, problems: list }) =>
    list.map((problem) => `${name}: ${problem}`),
  )
  problems.hidden = found.length === 0
  const count = found.length === 1 ? 'One record' : `${found.length} records`
  const rows = found.slice(0, 50).map((text) => h('li', {}, text))
  problems.replaceChildren(
    h('summary', {}, `${count} could not be read; the rest is shown.`),
    h('ul', {}, ...rows),
  )
}

/** Draws the tab that is open. */
function draw(): void {
  const name = tabName()
  document.body.dataset['tab'] = name
  for (const link of nav.children) {
    const target = link.getAttribute('href')?.slice(1) ?? ''
    link.setAttribute('aria-current', String(target === name))
    const has = rare[target]
    ;(link as HTMLElement).hidden = has !== undefined && target !== name && !store.runs.some(has)
  }
  const [, make] = tabs[name] as readonly [string, () => View]
  const view = views.get(name) ?? make()
  views.set(name, view)
  const isFolderBad = store.message !== null && store.message.message !== ''
  message.hidden = !isFolderBad
  message.textContent = store.message?.message ?? ''
  const content = isFolderBad ? message : view.element
  if (main.firstElementChild !== content) main.replaceChildren(content)
  if (isFolderBad) return
  const shown = store.runs
    .map((run, i) => ({ run, color: colorOf(i) }))
    .filter(({ run }) => !settings.hidden.includes(run.name))
  view.update({ store, shown, filter })
}

async function refresh(): Promise<void> {
  await store.refresh()
  place.textContent = store.message?.folder ?? ''
  place.title = store.message?.path ?? ''
  sidebar.update(store.runs)
  drawProblems()
  draw()
}

/** Refreshes now, and once more if word comes meanwhile. */
const queue = { running: false, again: false }
async function refreshSoon(): Promise<void> {
  queue.again = true
  if (queue.running) return
  queue.running = true
  try {
    while (queue.again) {
      queue.again = false
      await refresh()
    }
  } finally {
    queue.running = false
  }
}

function listen(): void {
  const events = new EventSource('/api/events')
  const say = (state: string, text: string): void => {
    status.dataset['state'] = state
    status.textContent = text
  }
  events.addEventListener('open', () => {
    say('live', 'live')
    void refreshSoon()
  })
  events.addEventListener('message', () => void refreshSoon())
  events.addEventListener('error', () => say('lost', 'no connection: is flambeau-board running?'))
}

const logo = h('img', { attrs: { src: '/favicon.svg', alt: '', width: '26', height: '26' } })
nav.append(
  ...Object.entries(tabs).map(([name, [title]]) => h('a', { attrs: { href: `#${name}` } }, title)),
)
document.querySelector('#board')?.append(
  h(
    'aside',
    {},
    h('div', { class: 'brand' }, logo, h('h1', {}, 'flambeau'), h('span', {}, 'board')),
    place,
    sidebar.element,
    h('div', { class: 'bottom' }, status, themeChoice(applyTheme)),
  ),
  h(
    'div',
    { class: 'content' },
    nav,
    controls((typed) => {
      filter = typed ?? filter
      draw()
    }),
    problems,
    main,
  ),
)
addEventListener('hashchange', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme)
applyTheme()
listen()
