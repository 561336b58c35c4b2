/** What the list says of a program, and what runs it. */
export interface Program {
  readonly about: string
  /** Each file is a program: importing it runs it. */
  readonly run: () => Promise<unknown>
}

/** The programs of a folder, in their order. */
export interface Group {
  readonly title: string
  readonly programs: Readonly<Record<string, Program>>
}
