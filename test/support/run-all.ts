// Runs the test files that $FILES names in this one process. As arguments they would be part of the names of test folders.
import { pathToFileURL } from "node:url";

for (const file of (process.env.FILES ?? "").split(":")) await import(pathToFileURL(file).href);
