// SPDX-License-Identifier: Apache-2.0
// file.c - a file, replaced as a whole.
//
// The new text goes to a new 0600 file in the same folder, is forced to disk, and takes the name's place; readers see the old or the new file, never half of
// one. What stands at that name must be a plain file: a link, a device or a pipe there is a surprise, and surprises are not written to. The folder is not made:
// a path that is not there is a disk that is not mounted, or a mistake.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/limits.h"
#include "channels/channel.h"
#include "crypto/crypto.h"

enum { FILE_PATH_BYTES = TILL_LIMIT_PATH_BYTES };

static bool put_date(char *path, size_t *len, struct sv date)
{
    for (size_t i = 0; i < date.len; i++)
        if (!((date.ptr[i] >= '0' && date.ptr[i] <= '9') || date.ptr[i] == '-'))
            return false;
    if (*len + date.len >= FILE_PATH_BYTES)
        return false;
    memcpy(path + *len, date.ptr, date.len);
    *len += date.len;
    return true;
}

static enum till_code fail_path(const char *path, const char *why, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.300s\" cannot be the file: %s", path, why);
    return till_error_hint(e, "write it in whole, such as ~/digest-{date}.md");
}

static enum till_code expand(const char *path, struct sv date,
                             char ret_path[static FILE_PATH_BYTES], struct till_error *e)
{
    static const char mark[] = "{date}";
    const char *rest = path;
    size_t len = 0;
    if (strncmp(rest, "~/", 2) == 0) {
        const char *home = getenv("HOME");
        len = home ? strlen(home) : 0;
        if (len == 0 || home[0] != '/' || len >= FILE_PATH_BYTES)
            return fail_path(path, "HOME does not say where ~ is", e);
        memcpy(ret_path, home, len);
        rest++;
    } else if (rest[0] != '/') {
        return fail_path(path, "it begins neither with / nor with ~/", e);
    }
    while (*rest) {
        bool is_date = strncmp(rest, mark, sizeof mark - 1) == 0;
        bool is_good = is_date ? put_date(ret_path, &len, date) : len + 1 < FILE_PATH_BYTES;
        if (!is_good)
            return fail_path(path, "it is too long, or there is no date", e);
        if (!is_date)
            ret_path[len++] = *rest;
        rest += is_date ? sizeof mark - 1 : 1;
    }
    ret_path[len] = '\0';
    return TILL_OK;
}

static bool ends_in_name(const char *path)
{
    const char *name = strrchr(path, '/');
    return name && name[1] && strcmp(name, "/.") != 0 && strcmp(name, "/..") != 0;
}

static enum till_code file_open(struct channel *channel, struct till_error *e)
{
    const struct channel_message none = {.text = SV("")};
    const char *form = channel_get(channel, CHANNEL_FIELD_form);
    const char *path = channel_get(channel, CHANNEL_FIELD_path);
    char whole[FILE_PATH_BYTES];
    struct sv text;
    if (!channel_document(&none, form, &text)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.40s\" is no format", form);
        return till_error_hint(e, "it is text, markdown, html or json");
    }
    enum till_code code = expand(path, SV("2000-01-01"), whole, e);
    if (code == TILL_OK && !ends_in_name(whole))
        code = fail_path(path, "it is a folder", e);
    return code ? code : crypto_start(e);
}

static void file_describe(const struct channel *channel, struct buf *out)
{
    buf_text(out, channel_get(channel, CHANNEL_FIELD_path));
}

static enum till_code file_compose(const struct channel *channel,
                                   const struct channel_message *message, struct arena *arena,
                                   struct channel_parts *ret_parts, struct till_error *e)
{
    AUTO_BUF address, headers;
    buf_init(&address, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&headers, TILL_LIMIT_BUFFER_BYTES);
    char path[FILE_PATH_BYTES];
    struct sv text = SV("");
    enum till_code code = expand(channel_get(channel, CHANNEL_FIELD_path), message->date, path, e);
    if (code)
        return code;
    buf_text(&address, path);
    (void)channel_document(message, channel_get(channel, CHANNEL_FIELD_form), &text);
    return channel_one_part(&address, &headers, text, arena, ret_parts, e);
}

// ---- writing ----

static enum till_code fail_write(const char *path, int error, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, error, "could not write \"%.300s\": %s", path,
                    strerrordesc_np(error));
    if (error == ENOENT || error == ENOTDIR)
        return till_error_hint(e, "make the folder first, or mount it");
    if (error == ENOSPC || error == EDQUOT)
        return till_error_hint(e, "make room on that disk");
    return till_error_hint(e, "check who owns the folder, and its permissions");
}

// Is the folder there, and nothing but a plain file at the name?
static enum till_code look(const char *path, struct till_error *e)
{
    char folder[FILE_PATH_BYTES];
    struct stat status;
    size_t len = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, len + 1);
    folder[len > 0 ? len : 1] = '\0';
    if (stat(folder, &status) != 0)
        return fail_write(path, errno, e);
    if (!S_ISDIR(status.st_mode))
        return fail_write(path, ENOTDIR, e);
    if (access(folder, W_OK | X_OK) != 0)
        return fail_write(path, errno, e);
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? TILL_OK : fail_write(path, errno, e);
    if (S_ISREG(status.st_mode))
        return TILL_OK;
    return fail_path(path,
                     S_ISLNK(status.st_mode)   ? "it is a symbolic link; name the file itself"
                     : S_ISDIR(status.st_mode) ? "it is a folder"
                                               : "it is not a plain file",
                     e);
}

static int write_all(int fd, struct sv text)
{
    while (text.len > 0) {
        ssize_t put =
            fault_point("channel.write") ? (errno = ENOSPC, -1) : write(fd, text.ptr, text.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        text = (struct sv){text.ptr + put, text.len - (size_t)put};
    }
    return fsync(fd) == 0 ? 0 : errno;
}

// 0, or errno.
static int write_beside(const char *path, struct sv text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int error = write_all(fd, text);
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

static void sync_folder(char *path)
{
    *(strrchr(path, '/') + 1) = '\0';
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return; // the name may be lost in a crash, which makes the old file come back
    (void)fsync(fd);
    (void)close(fd);
}

static enum till_code replace(const char *path, struct sv text, const struct channel_commit *commit,
                              struct channel_result *ret_result, struct till_error *e)
{
    unsigned char number[9];
    char suffix[16], beside[FILE_PATH_BYTES + 32];
    crypto_random(number, sizeof number);
    crypto_base64url_encode(number, sizeof number, suffix, sizeof suffix);
    (void)snprintf(beside, sizeof beside, "%s.%s", path, suffix);
    int error = write_beside(beside, text);
    enum till_code code = error ? fail_write(path, error, e) : TILL_OK;
    if (code == TILL_OK && commit)
        code = commit->call(commit->context, e);
    if (code == TILL_OK && rename(beside, path) != 0)
        code = fail_write(path, errno, e);
    if (code) {
        if (error != EEXIST)
            (void)unlink(beside);
        ret_result->outcome = CHANNEL_NOT_SENT;
        return code;
    }
    sync_folder(beside);
    return TILL_OK;
}

static enum till_code file_send(struct channel *channel, const struct channel_message *message,
                                const struct channel_part *part,
                                const struct channel_commit *commit,
                                struct channel_result *ret_result, struct till_error *e)
{
    char path[FILE_PATH_BYTES];
    enum till_code code = expand(channel_get(channel, CHANNEL_FIELD_path), message->date, path, e);
    if (code == TILL_OK && !ends_in_name(path))
        code = fail_path(path, "it is a folder", e);
    if (code) {
        ret_result->outcome = CHANNEL_REFUSED;
        return code;
    }
    code = look(path, e);
    return code ? code : replace(path, part->body, commit, ret_result, e);
}

static enum till_code file_check(struct channel *channel, bool *ret_was_asked, struct till_error *e)
{
    char path[FILE_PATH_BYTES];
    *ret_was_asked = true;
    enum till_code code =
        expand(channel_get(channel, CHANNEL_FIELD_path), SV("2000-01-01"), path, e);
    return code ? code : look(path, e);
}

const struct channel_service channel_file = {
    .is_repeatable = true,
    .open = file_open,
    .describe = file_describe,
    .compose = file_compose,
    .send = file_send,
    .check = file_check,
};
