// Bundles every file that lies directly in src/ (desk.js, fonts.css, …) into ../newsletter/static.
// Whoever adds an entry adds a file there; what several entries import lies in a folder below src/.
import { build } from "esbuild";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("../newsletter/static");
const entries = (await readdir(here("src"))).filter((name) => /\.(js|css)$/.test(name));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  entryPoints: entries.map((name) => here(`src/${name}`)),
  outdir: out,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  loader: { ".woff2": "file" },
  // What has a hash in its name may be kept for ever; the entries' own names are what pages link to.
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
});

// The licences of everything that is inside travel with it.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []),
);
const licences = [...packages].sort().map(async (name) => {
  const folder = here(`node_modules/${name}`);
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${name} comes without its licence`);
  return `${name}\n\n${await readFile(`${folder}/${file}`, "utf8")}`;
});
await writeFile(`${out}/licences.txt`, (await Promise.all(licences)).join(`\n${"=".repeat(72)}\n`));
