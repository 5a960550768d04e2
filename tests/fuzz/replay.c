// SPDX-License-Identifier: Apache-2.0
// replay.c - main of a fuzzer without libFuzzer: runs LLVMFuzzerTestOneInput on every file of the folder in argv[1].
//
// Each input is copied into a heap block of exactly its length, so that a sanitizer sees a read past its end. A folder without files is a
// failure: it would prove nothing.
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
        if (file != NULL)
            fclose(file);
        return -1;
    }
    size_t bytes = (size_t)status.st_size;
    uint8_t *data = malloc(bytes > 0 ? bytes : 1);
    int result = -1;
    if (data != NULL && fread(data, 1, bytes, file) == bytes)
        result = LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    fclose(file);
    return result;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0, failed = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        // Before it runs: an input that ends the program is the last one named.
        printf("%s\n", entry->d_name);
        fflush(stdout);
        if (snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name) >= (int)sizeof path ||
            replay_file(path) != 0) {
            fprintf(stderr, "failed: %s\n", entry->d_name);
            failed++;
        }
        count++;
    }
    closedir(folder);
    printf("%d inputs, %d failed\n", count, failed);
    return count == 0 || failed != 0;
}
