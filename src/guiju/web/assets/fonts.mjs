// Copies the CJK font that explicit labels are drawn with, its table of characters and its licence, beside the bundles.
import { cpSync, mkdirSync, rmSync } from "node:fs";

const from = "node_modules/@fontsource-variable/noto-sans-sc";
const to = "src/guiju/web/static/build/fonts/noto-sans-sc";

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
cpSync(`${from}/files`, to, { recursive: true });
for (const name of ["unicode.json", "LICENSE"]) cpSync(`${from}/${name}`, `${to}/${name}`);
