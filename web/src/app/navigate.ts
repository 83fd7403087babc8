import { useLocation } from "wouter";

export function useNavigate(): (to: string, options?: { replace?: boolean }) => void {
  return useLocation()[1];
}
