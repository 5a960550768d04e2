// SPDX-License-Identifier: Apache-2.0
// vite.config.ts - how the page becomes files that the program can carry.
//
// Hashed names, no inline script or style (the server's policy forbids both), no source maps, nothing written beside the sources: the outcome
// goes where --outDir says. In development the API comes from mock/server.mjs, or from TILL_URL.
import { defineConfig } from "vite";

export default defineConfig({
    esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
    build: {
        target: "es2020",
        sourcemap: false,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        emptyOutDir: true,
        outDir: "../build/dashboard/dist",
        reportCompressedSize: true,
    },
    server: {
        host: "127.0.0.1",
        proxy: { "/api": { target: process.env.TILL_URL ?? "http://127.0.0.1:8456", changeOrigin: true } },
    },
});
