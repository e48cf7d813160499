#!/bin/sh
# Brings Chromium and a Chinese font for the browser tests where that is possible; says so where it is not.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "安装 Chromium（浏览器测试）/ installing Chromium for the browser tests …"
  apt-get update -qq >/dev/null 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null 2>&1 && exit 0
fi
echo "没有 Chromium，浏览器测试将不运行 / no Chromium here: the browser tests will not run"
exit 0
