import { describe, expect, it } from "vitest";
import { deviceOptions, fromOption, toOption } from "./DeviceModel";

describe("deviceOptions", () => {
  const devices = [{ id: "default", label: "Default" }, { id: "usb", label: "Desk mic" }, { id: "jack", label: "" }];
  it("starts with the system's choice and names what has no name", () => {
    expect(deviceOptions(devices, null, "System")).toEqual([
      { value: "system", label: "System" },
      { value: "usb", label: "Desk mic" },
      { value: "jack", label: "2" },
    ]);
  });
  it("keeps a chosen device that is not plugged in", () => {
    expect(deviceOptions(devices, "gone", "System").at(-1)?.value).toBe("gone");
    expect(deviceOptions(devices, "usb", "System")).toHaveLength(3);
  });
  it("goes to and from the setting", () => {
    expect(fromOption(toOption(null))).toBeNull();
    expect(fromOption(toOption("usb"))).toBe("usb");
  });
});
