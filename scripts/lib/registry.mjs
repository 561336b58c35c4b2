/** A registry for npm that serves a few tarballs, so that packages are installed as users install them. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'

/** @typedef {import('./pack.mjs').Tarball} Tarball */

/**
 * What npm asks for first about a package: its versions, and where to get them.
 *
 * @param {Tarball} tarball
 * @param {string} url of the registry, with a slash at the end
 */
export function packument({ name, version, path, manifest }, url) {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`
  const dist = { tarball: `${url}-/${basename(path)}`, integrity }
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
  }
}

/**
 * Serves the tarballs on this machine until `close` is called.
 *
 * @param {Tarball[]} tarballs
 * @returns {Promise<{ url: string, asked: Set<string>, close: () => Promise<void> }>}
 *   asked: names of packages that something asked for
 */
export async function serveRegistry(tarballs) {
  // npm remembers answers by their address: each run gets one of its own.
  const prefix = `/${randomUUID()}/`
  /** @type {Set<string>} */
  const asked = new Set()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    const rest = path.startsWith(prefix) ? path.slice(prefix.length) : ''
    if (rest.startsWith('-/')) {
      const tarball = tarballs.find((one) => basename(one.path) === rest.slice(2))
      if (tarball) {
        response.setHeader('content-type', 'application/octet-stream')
        response.setHeader('content-length', statSync(tarball.path).size)
        pipeline(createReadStream(tarball.path), response, () => {})
        return
      }
    }
    const tarball = tarballs.find((one) => one.name === rest)
    if (!tarball) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
      return
    }
    asked.add(tarball.name)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(packument(tarball, url)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${address.port}${prefix}`
  const close = () =>
    new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url, asked, close }
}
