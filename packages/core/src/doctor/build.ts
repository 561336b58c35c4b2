/** `npx flambeau-build`: compiles the native addon from the sources that the package brings. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `Usage: flambeau-build [--onednn FOLDER] [--jobs N] [-D NAME=VALUE ...]

Compiles the native addon of @flambeau/core for this machine, where no compiled one is published. It
needs a C++20 compiler (g++ 12 or newer), CMake 3.20, oneDNN 2 and a static OpenBLAS. On Debian and
Ubuntu:

  sudo apt-get install g++ make cmake libdnnl-dev libopenblas-serial-dev

libdnnl has to stay installed, unless oneDNN is compiled in:

  --onednn FOLDER  the sources of oneDNN 2.6.3, to build into the addon; it takes some minutes
  --jobs N         how many files to compile at once; default: as many as there are processors
  -D NAME=VALUE    for CMake, such as -D LAPACK_LIBRARY=/opt/lib/libopenblas.a
  --help           this text
`

/** What the program was asked for. */
export interface BuildOptions {
  /** `system`, or the folder of its sources. */
  onednn: string
  jobs: number
  definitions: string[]
}

/** Reads the arguments; `null` if help is wanted. @throws {TypeError} for wrong ones. */
export function readArguments(args: string[]): BuildOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      onednn: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      define: { type: 'string', short: 'D', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new TypeError(`--jobs wants a whole number from 1 up, not '${values.jobs}'`)
  }
  const { onednn } = values
  if (onednn !== undefined && !existsSync(join(onednn, 'src/cpu'))) {
    throw new TypeError(`--onednn wants the folder of oneDNN's sources, which '${onednn}' is not`)
  }
  const place = onednn === undefined ? 'system' : resolve(onednn)
  return { onednn: place, jobs, definitions: values.define }
}

/** The folder of Node's own headers: beside Node itself, or in the npm package node-api-headers. */
export function findHeaders(folders: string[]): string | null {
  const beside = join(dirname(dirname(process.execPath)), 'include', 'node')
  if (existsSync(join(beside, 'node_api.h'))) return beside
  for (const folder of folders) {
    try {
      const main = createRequire(join(folder, 'package.json')).resolve('node-api-headers')
      return join(dirname(main), 'include')
    } catch {
      // Look in the next.
    }
  }
  return null
}

/** The two commands that configure and compile. */
export function buildCommands(core: string, headers: string, options: BuildOptions): string[][] {
  const folder = join(core, 'build', 'addon')
  return [
    [
      'cmake',
      '-S',
      join(core, 'native'),
      '-B',
      folder,
      '-DCMAKE_BUILD_TYPE=Release',
      `-DNODE_API_HEADERS_DIR=${headers}`,
      `-DFLAMBEAU_ONEDNN=${options.onednn}`,
      ...options.definitions.map((definition) => `-D${definition}`),
    ],
    ['cmake', '--build', folder, '--target', 'flambeau', '--parallel', String(options.jobs)],
  ]
}

/** Runs the program and returns its exit status. */
export function build(
  args: string[],
  say: (text: string) => void,
  complain: (text: string) => void,
): number {
  let options: BuildOptions | null
  try {
    options = readArguments(args)
  } catch (error) {
    complain(`flambeau-build: ${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  if (!options) {
    say(HELP)
    return 0
  }
  const core = fileURLToPath(new URL('../..', import.meta.url))
  const headers = findHeaders([process.cwd(), core])
  if (headers === null) {
    complain(
      'flambeau-build: the headers of Node are missing; install them: npm install node-api-headers\n',
    )
    return 1
  }
  for (const [command = '', ...rest] of buildCommands(core, headers, options)) {
    const { status, error } = spawnSync(command, rest, { stdio: 'inherit' })
    if (status === 0) continue
    const absent = error !== undefined && 'code' in error && error.code === 'ENOENT'
    complain(
      `flambeau-build: ${absent ? `${command} is not installed` : `${command} failed; the reason stands above`}\n\n${HELP}`,
    )
    return 1
  }
  say(`compiled ${join(core, 'prebuilt', 'flambeau.node')}\n`)
  return 0
}
