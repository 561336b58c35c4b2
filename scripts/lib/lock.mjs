import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inRepo } from './repo.mjs'

const path = inRepo('.setup', 'lock')

/**
 * Runs `body` while no other process sets up or builds this checkout: two builds in one folder spoil
 * each other. A lock whose owner is gone is taken over.
 *
 * @template T
 * @param {() => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withLock(body) {
  mkdirSync(inRepo('.setup'), { recursive: true })
  for (let told = false; !tryLock();) {
    if (!told) process.stderr.write('  waiting for another set-up of this checkout to end\n')
    told = true
    await sleep(200)
  }
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await body()
  } finally {
    process.off('exit', release)
    release()
  }
}

function tryLock() {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  const owner = ownerOfLock()
  if (owner !== null && !isAlive(owner)) rmSync(path, { force: true })
  return false
}

function ownerOfLock() {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return pid > 0 ? pid : null // null: its owner has not yet written it
  } catch {
    return null
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
