/** The board's server: the page, what it asks for, and word of what has come. */
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ValueError } from '@flambeau/core'
import { requireCount, requireOptions, requireText } from '@flambeau/core/internal'
import { answer, isNotThere } from './api.ts'
import { Runs } from './runs.ts'

export interface BoardOptions {
  /** 0 takes any that is free. Default 6006. */
  readonly port?: number
  /** How often files are looked at while a page is open, in milliseconds. Default 1000. */
  readonly intervalMs?: number
}

/** A board that is being served. */
export interface Board {
  /** Where the page is: `http://127.0.0.1:6006/`. */
  readonly url: string
  readonly port: number
  /** What is wrong with the folder of runs, and what to do; '' if nothing is. */
  readonly message: string
  /** How many runs there are. */
  readonly runCount: number
  /** Ends it. */
  close(): Promise<void>
}

/** The files of the page; nothing else is read for it. */
const assets: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/main.mjs': ['main.mjs', 'text/javascript; charset=utf-8'],
  '/board.css': ['board.css', 'text/css; charset=utf-8'],
  '/favicon.svg': ['favicon.svg', 'image/svg+xml'],
}

/** Where the page is built to; the same from src/ and from dist/. */
const pageFolder = new URL('../dist/page/', import.meta.url)

const LAST_PORT = 65535
/** The longest that a timer waits. */
const LONGEST_MS = 2 ** 31 - 1

const HOST = '127.0.0.1'

/** The page takes nothing from elsewhere, and no other page may hold it. */
const headers = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

/**
 * Serves the board of the runs below a folder, to this machine alone. A folder that is not there or has
 * no runs is explained on the page, which shows runs as soon as there are some.
 *
 * @throws {ValueError} if the port is taken, or the page was not built; for arguments of a wrong kind.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { serveBoard, SummaryWriter } from '@flambeau/board'
 * const runs = mkdtempSync(join(tmpdir(), 'runs-'))
 * using writer = new SummaryWriter(join(runs, 'first'))
 * writer.addScalar('loss', 0.5, 1)
 * writer.flush()
 * const board = await serveBoard(runs, { port: 0 })
 * const answer = await fetch(`${board.url}api/scalars?run=first&tag=loss`)
 * const { values } = (await answer.json()) as { values: number[] }
 * console.log(values) // => [ 0.5 ]
 * await board.close()
 * ```
 */
export async function serveBoard(folder: string, options: BoardOptions = {}): Promise<Board> {
  requireText('serveBoard', 'folder', folder)
  requireOptions('serveBoard', options)
  const { port = 6006, intervalMs = 1000 } = options
  requireCount('serveBoard', 'port', port)
  requireCount('serveBoard', 'intervalMs', intervalMs, 1)
  if (port > LAST_PORT || intervalMs > LONGEST_MS) {
    const rule = `port is ${port} and intervalMs ${intervalMs}`
    const fix = `a port up to ${LAST_PORT}, and a time up to ${LONGEST_MS} ms`
    throw new ValueError('serveBoard', [], rule, fix)
  }
  const runs = new Runs(folder)
  await runs.poll()
  const pages = new Set<ServerResponse>()
  const refresh = async (): Promise<void> => {
    const changed = await runs.poll()
    if (changed.length === 0) return
    for (const page of pages) page.write(`data: ${JSON.stringify(changed)}\n\n`)
  }
  const server = createServer((request, response) => {
    respond({ runs, pages, refresh }, request, response).catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy(error as Error)
        return
      }
      const status = isNotThere(error) ? 404 : 500
      send(response, status, 'application/json', JSON.stringify({ error: String(error) }))
    })
  })
  const timer = setInterval(() => {
    if (pages.size > 0) void refresh()
  }, intervalMs)
  timer.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer)
      const rule =
        error.code === 'EADDRINUSE' ? `port ${port} is taken` : `it cannot listen: ${error.message}`
      reject(new ValueError('serveBoard', [], rule, 'choose another port: --port 0 takes any'))
    })
    server.listen(port, HOST, resolve)
  })
  const at = (server.address() as AddressInfo).port
  return {
    url: `http://${HOST}:${at}/`,
    port: at,
    get message() {
      return runs.message
    },
    get runCount() {
      return runs.describe().runs.length
    },
    close() {
      clearInterval(timer)
      for (const page of pages) page.end()
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

interface Serving {
  readonly runs: Runs
  /** Pages that are open and wait for word. */
  readonly pages: Set<ServerResponse>
  /** Reads what has come, and tells the pages. */
  readonly refresh: () => Promise<void>
}

async function respond(
  { runs, pages, refresh }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A name that another page made to point here would let it read the runs.
  const name = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (name !== HOST && name !== 'localhost') {
    send(response, 403, 'text/plain', `open http://${HOST} or http://localhost`)
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'the board can only be read')
    return
  }
  const url = new URL(request.url ?? '/', `http://${HOST}`)
  const asset = Object.hasOwn(assets, url.pathname) ? assets[url.pathname] : undefined
  if (asset !== undefined) {
    const [file, type] = asset
    const path = new URL(file, pageFolder)
    if (existsSync(path)) send(response, 200, type, readFileSync(path))
    else send(response, 500, 'text/plain', 'the page was not built: npm run setup')
    return
  }
  if (url.pathname === '/api/events') {
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' })
    response.write('retry: 1000\n\n')
    pages.add(response)
    response.on('close', () => pages.delete(response))
    return
  }
  if (url.pathname === '/api/runs') await refresh()
  const found = answer(runs, url.pathname, url.searchParams)
  if (found === null) send(response, 404, 'text/plain', 'there is nothing here')
  else if ('json' in found) send(response, 200, 'application/json', JSON.stringify(found.json))
  else send(response, 200, found.type, found.bytes)
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': length })
  response.end(body)
}
