import { accessSync, appendFileSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { tmpdir } from 'node:os'
import { arange, rand, tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { Browser, Locator, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPage } from '../scripts/build-page.mjs'
import type { Board } from './index.ts'
import { serveBoard, SummaryWriter } from './index.ts'

/** Names under which Chromium is installed. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of Chromium, null if there is none. */
function findChromium(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  for (const path of folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue // the next may be there
    }
  }
  return null
}

const executablePath = findChromium()
const absent = 'Chromium is not installed: apt-get install chromium'

test('Chromium is there to test the page with', ({ skip }) => {
  skip(executablePath === null && process.env['CI'] === undefined, absent)
  if (executablePath === null) throw new Error(absent)
  expect(executablePath).toMatch(/chrom/)
})

describe.skipIf(executablePath === null)('the page', () => {
  const top = mkdtempSync(join(tmpdir(), 'flambeau-browser-'))
  const boards: Board[] = []
  let browser: Browser

  beforeAll(async () => {
    await buildPage()
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
  })
  afterAll(async () => {
    await browser?.close()
    for (const board of boards) await board.close()
    rmSync(top, { recursive: true })
  })

  /** A page of its own, which must say nothing of errors. */
  async function open(folder: string, hash = ''): Promise<Page> {
    const board = await serveBoard(folder, { port: 0, intervalMs: 100 })
    boards.push(board)
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(board.url + hash)
    return page
  }
  const errors: string[] = []

  /** How many pixels of a canvas have a colour near this one. */
  function painted(page: Page, selector: string, color: readonly number[]): Promise<number> {
    return page.locator(selector).evaluate((canvas, [r = 0, g = 0, b = 0]) => {
      const { width, height } = canvas as HTMLCanvasElement
      const context = (canvas as HTMLCanvasElement).getContext('2d')
      const { data } = (context as CanvasRenderingContext2D).getImageData(0, 0, width, height)
      let count = 0
      for (let i = 0; i < data.length; i += 4) {
        const far = Math.abs((data[i] as number) - r) + Math.abs((data[i + 1] as number) - g)
        if (far + Math.abs((data[i + 2] as number) - b) < 60 && (data[i + 3] as number) > 128)
          count++
      }
      return count
    }, color)
  }

  const blue = [37, 99, 201]
  const orange = [217, 115, 13]

  test('draws the curves of all runs, and what comes while it is open', async () => {
    const folder = join(top, 'curves')
    using first = new SummaryWriter(join(folder, 'a'), { maxQueue: 1 })
    using second = new SummaryWriter(join(folder, 'b'), { maxQueue: 1 })
    for (let step = 0; step < 20; step++) {
      first.addScalar('train/loss', 1 / (step + 1), step)
      second.addScalar('train/loss', 2 / (step + 1), step)
    }
    const page = await open(folder)
    const chart = page.locator('[data-tag="train/loss"]')
    await chart.locator('canvas').waitFor()
    const canvas = '[data-tag="train/loss"] canvas'
    await expect.poll(() => painted(page, canvas, blue)).toBeGreaterThan(100)
    expect(await painted(page, canvas, orange)).toBeGreaterThan(100)
    expect(await chart.getAttribute('data-points')).toBe('20')

    for (let step = 20; step < 30; step++) first.addScalar('train/loss', 1, step)
    await expect.poll(() => chart.getAttribute('data-points'), { timeout: 10_000 }).toBe('30')
    first.addScalar('val/accuracy', 0.5, 30)
    await page.locator('[data-tag="val/accuracy"] canvas').waitFor()

    // Values at the mouse.
    await chart.locator('.u-over').hover({ position: { x: 5, y: 50 } })
    const tip = await chart.locator('.tip').innerText()
    expect(tip).toMatch(/step [01] .*\n?.*b\s+[12].*\n?.*a\s+(1|0\.5)/s)

    // A zoom with the mouse, and back.
    const box = await chart.locator('.u-over').boundingBox()
    const { x = 0, y = 0, width = 0 } = box ?? {}
    await page.mouse.move(x + width * 0.2, y + 30)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.6, y + 40, { steps: 4 })
    await page.mouse.up()
    await chart.getByText('reset zoom').click()
    expect(await chart.getByText('reset zoom').isVisible()).toBe(false)

    // A run that is not ticked is not drawn.
    await page.locator('label.run', { hasText: 'b' }).locator('input').uncheck()
    await expect.poll(() => painted(page, canvas, orange)).toBe(0)
    for (const name of ['relative', 'wall', 'log', 'linear']) {
      await page.getByRole('radio', { name, exact: true }).click()
      await expect.poll(() => painted(page, canvas, blue)).toBeGreaterThan(50)
    }
    await page.close()
  })

  test('shows images with a slider of steps, histograms, texts, hyper-parameters, the graph', async () => {
    const folder = join(top, 'all')
    using writer = new SummaryWriter(join(folder, 'run'))
    for (const step of [0, 10]) {
      writer.addImage('sample', rand([3, 8, 8]), step)
      writer.addHistogram('weights', [1, 2, 2, 3, 4], step)
    }
    writer.addText('note', 'it is <b>not</b> HTML', 1)
    writer.addHparams({ lr: 0.125, model: 'mlp' }, { accuracy: 0.75 }, { runName: 'tried' })
    writer.addGraph(new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU()), [2, 4])
    writer.flush()
    const page = await open(folder, '#images')
    const image = page.locator('[data-tag="sample"] img')
    const size = (): Promise<number> =>
      image.evaluate((one) => (one as HTMLImageElement).naturalWidth)
    await expect.poll(size).toBe(8)
    const caption = page.locator('[data-tag="sample"] footer')
    expect(await caption.innerText()).toMatch(/step 10 · 8 × 8/)
    await page.getByLabel('step of sample').fill('0')
    expect(await caption.innerText()).toMatch(/step 0 /)
    await expect.poll(size).toBe(8)

    await page.locator('nav').getByText('Histograms').click()
    await expect.poll(() => painted(page, '.histogram canvas', blue)).toBeGreaterThan(100)
    await page.locator('nav').getByText('Text').click()
    await expect.poll(() => page.locator('.text').innerText()).toBe('it is <b>not</b> HTML')
    await page.locator('nav').getByText('Hyper-parameters').click()
    await expect
      .poll(() => page.locator('tbody tr').innerText())
      .toMatch(/tried\s+0.125\s+mlp\s+0.75/)
    writer.addHparams({ lr: 0.5, model: 'cnn' }, { accuracy: 0.875 }, { runName: 'other' })
    const lines = page.locator('.parallel polyline')
    await expect.poll(() => lines.count(), { timeout: 10_000 }).toBe(2)
    expect((await lines.first().getAttribute('points'))?.split(' ')).toHaveLength(3)
    await page.locator('nav').getByText('Graph').click()
    await expect.poll(() => page.locator('.tree').innerText()).toMatch(/Linear\s+2 × 3\s+15/)
    await page.close()
  })

  test('shows videos, sounds, precision-recall curves, embeddings and charts that were laid out', async () => {
    const folder = join(top, 'rare')
    using writer = new SummaryWriter(join(folder, 'run'))
    writer.addScalar('a', 1, 0)
    writer.flush()
    const page = await open(folder)
    const tab = (name: string): Locator => page.locator('nav').getByText(name, { exact: true })
    await page.locator('[data-tag="a"] canvas').waitFor()
    for (const name of ['Charts', 'Audio', 'PR curves', 'Embeddings']) {
      expect(await tab(name).isVisible()).toBe(false)
    }
    for (let step = 0; step < 10; step++) {
      for (const [i, tag] of ['mean', 'low', 'high'].entries()) writer.addScalar(tag, i, step)
    }
    writer.addCustomScalars({
      spread: {
        folds: ['Margin', ['mean', 'low', 'high']],
        all: ['Multiline', ['mean', 'l.*', '(']],
      },
    })
    writer.addVideo('clip', rand([1, 3, 3, 6, 8]), 1, 10)
    writer.addAudio('tone', arange(4000).mul(0.1).sin(), 1, 8000)
    writer.addPrCurve('spam', [0, 1, 1, 0], [0.1, 0.4, 0.9, 0.6], 4)
    const points = tensor([
      [0, 0, 0],
      [0, 0, 1],
      [9, 0, 0],
    ])
    const metadata = ['cat', 'cat', 'dog']
    writer.addEmbedding(points, { metadata, labelImg: rand([3, 3, 4, 4]), tag: 'features' })
    writer.flush()

    await tab('Charts').click({ timeout: 10_000 })
    await expect
      .poll(() => painted(page, '[data-tag="spread/folds"] canvas', blue))
      .toBeGreaterThan(50)
    // One run: its curves differ in colour.
    const all = '[data-tag="spread/all"] canvas'
    await expect.poll(() => painted(page, all, blue)).toBeGreaterThan(50)
    expect(await painted(page, all, orange)).toBeGreaterThan(50)
    await tab('Images').click()
    const image = page.locator('[data-tag="clip"] img')
    await expect.poll(() => image.evaluate((one) => (one as HTMLImageElement).naturalWidth)).toBe(8)
    await tab('Audio').click()
    const player = page.locator('[data-tag="tone"] audio')
    await expect
      .poll(() => player.evaluate((one) => (one as HTMLAudioElement).duration))
      .toBeCloseTo(0.5, 2)
    await tab('PR curves').click()
    const curve = page.locator('[data-tag="spam"] polyline')
    await expect.poll(async () => (await curve.getAttribute('points'))?.split(' ').length).toBe(127)
    await page.locator('.pr-plot').hover({ position: { x: 150, y: 100 } })
    expect(await page.locator('.pr-plot .tip').innerText()).toMatch(/precision.*run\s+0\.\d+/s)
    await tab('Embeddings').click()
    await expect.poll(() => painted(page, '.embedding canvas', blue)).toBeGreaterThan(20)
    expect(await painted(page, '.embedding canvas', orange)).toBeGreaterThan(20)
    expect(await page.locator('.legend').innerText()).toMatch(/cat\s*dog/)
    expect(await page.locator('.embedding footer').innerText()).toMatch(/3 points of 3 numbers/)
    // The point furthest to one side is the dog, or both cats: their labels are shown at the mouse.
    const box = await page.locator('.embedding canvas').boundingBox()
    const { x = 0, y = 0, width = 0, height = 0 } = box ?? {}
    const found = page.locator('.embedding .tip')
    for (let top = 16; top < height && !(await found.isVisible()); top += 12) {
      await page.mouse.move(x + width - 16, y + top)
    }
    expect(await found.innerText()).toMatch(/cat|dog/)
    expect(await found.locator('.thumbnail').count()).toBe(1)
    await page.close()
  })

  test('explains a bad folder, and shows its runs once they are there', async () => {
    const folder = join(top, 'late')
    const page = await open(folder)
    await expect.poll(() => page.locator('.message').innerText()).toMatch(/late does not exist/)
    using writer = new SummaryWriter(join(folder, 'run'))
    writer.addScalar('loss', 1, 0)
    writer.flush()
    await page.locator('[data-tag="loss"] canvas').waitFor()
    expect(await page.locator('.message').count()).toBe(0)
    await page.close()
  })

  test('names damaged files, and shows what is good in them', async () => {
    const folder = join(top, 'damaged')
    const writer = new SummaryWriter(join(folder, 'run'))
    writer.addScalar('loss', 1, 0)
    writer.close()
    const [name = ''] = readdirSync(writer.logDir)
    appendFileSync(join(writer.logDir, name), new Uint8Array(40).fill(7))
    const page = await open(folder)
    await page.locator('[data-tag="loss"] canvas').waitFor()
    await page.getByText('One record could not be read').click()
    expect(await page.locator('.problems li').innerText()).toMatch(/run: events.*length .* damaged/)
    await page.close()
  })

  test('said nothing of errors', () => {
    expect(errors).toEqual([])
  })
})
