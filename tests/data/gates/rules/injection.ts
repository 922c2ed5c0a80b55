// The same rules in TypeScript. What they find (`ruleid`) and leave alone (`ok`), on the line after the mark.
import { exec } from "child_process";
import * as fs from "fs/promises";
import type { Request, Response } from "express";
import { Pool } from "pg";

export async function list(req: Request, res: Response, db: Pool): Promise<void> {
  const name = req.query.name as string;
  // ruleid: js-sql-from-request, js-sql-built-from-text
  const rows = await db.query(`SELECT * FROM people WHERE name = '${name}'`);
  // ok: js-sql-built-from-text
  await db.query<{ id: number }>("SELECT id FROM people WHERE name = $1", [name]);
  // ruleid: js-request-data-to-code, js-shell-command-from-variable
  exec("ls " + name);
  // ruleid: js-request-data-to-page
  res.send(`<h1>${name}</h1>`);
  // ok: js-request-data-to-page
  res.json(rows);
}
