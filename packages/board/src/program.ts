/** The command `flambeau-board`. */
import { Command, InvalidArgumentError } from 'commander'
import type { Board } from './server.ts'
import { serveBoard } from './server.ts'

function portIn(text: string): number {
  const port = Number(text)
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65535) return port
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535; 0 takes any.')
}

/**
 * The program, which resolves once the board is served.
 *
 * @param say Where its lines go. @param started Takes the board.
 */
export function boardProgram(
  say: (text: string) => void,
  started: (board: Board) => void = () => {},
): Command {
  return new Command('flambeau-board')
    .description('Shows trainings in the browser: curves, images, histograms, hyper-parameters.')
    .argument('[folder]', 'the folder that the runs are in', 'runs')
    .option('-p, --port <number>', 'where the page is served; 0 takes any port', portIn, 6006)
    .action(async (folder: string, { port }: { port: number }) => {
      const board = await serveBoard(folder, { port })
      const { message, runCount } = board
      say(message === '' ? `${runCount} ${runCount === 1 ? 'run' : 'runs'} in ${folder}` : message)
      say(`The board is at ${board.url} (Ctrl-C ends it).`)
      started(board)
    })
}
