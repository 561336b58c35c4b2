/** The settings of VitePress. This folder is copied beside the composed pages. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import type { DefaultTheme } from 'vitepress'

interface Item {
  title: string
  to: string
}

interface Group {
  title: string
  pages: Item[]
}

const lists = JSON.parse(readFileSync(join(import.meta.dirname, '../sidebar.json'), 'utf8')) as {
  sections: Group[]
  course: Group[]
  reference: Group[]
}

const item = ({ title, to }: Item): DefaultTheme.SidebarItem => ({
  text: title,
  link: `/${to.replace(/(index)?\.md$/, '')}`,
})

const group = ({ title, pages }: Group, collapsed: boolean): DefaultTheme.SidebarItem => ({
  text: title,
  collapsed,
  items: pages.map(item),
})

const [guide, course, ...others] = lists.sections.map((one) =>
  group(one, one.title === 'Decisions'),
)
const main = [guide, ...others].filter((one) => one !== undefined)
const lessons = [course, ...lists.course.map((one) => group(one, false))].filter(
  (one) => one !== undefined,
)

// A flame.
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#ea580c" d="M16 1c2 6 10 10 10 19a10 10 0 0 1-20 0c0-5 3-7 4-11 2 2 3 4 3 6 3-4 4-8 3-14z"/><path fill="#fdba74" d="M16 17c1 3 5 4 5 8a5 5 0 0 1-10 0c0-4 4-5 5-8z"/></svg>'

// Of one package only: the list of all modules would be in every page.
const references = lists.reference.map((one): [string, DefaultTheme.SidebarItem[]] => [
  `/reference/${one.title}/`,
  [{ text: 'All packages', link: '/reference/' }, group(one, false)],
])

// oxlint-disable-next-line import/no-default-export -- VitePress wants it so
export default defineConfig({
  title: 'flambeau',
  description: 'Deep learning for TypeScript, as you know it from PyTorch',
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  // Copies for llms.txt.
  srcExclude: ['public/**'],
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'From PyTorch', link: '/guide/from-pytorch' },
      { text: 'Course', link: '/course/' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Performance', link: '/project/performance' },
    ],
    sidebar: {
      '/': main,
      '/course/': lessons,
      ...Object.fromEntries(references),
      '/reference/': lists.reference.map(({ title }) => ({
        text: title,
        link: `/reference/${title}/`,
      })),
    },
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        miniSearch: { searchOptions: { boost: { title: 4, titles: 2, text: 1 } } },
      },
    },
  },
})
