// Imported first (node --import): $ADDON in place of the addon that was built.
const load = process.dlopen;
process.dlopen = (module, file, ...rest) => {
  load.call(process, module, file.endsWith("/native.node") ? process.env.ADDON : file, ...rest);
};
